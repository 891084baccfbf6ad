<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Uses the cache store on top of a stand-in for Moodle's own, with a real server: php caches.php HOST FOLDER. Each request is
// a new object, as it would be in Moodle, and counts what it asks the server. Prints what each step gave.
// Needs the extensions of the image, and OPcache and APCu on the command line.

declare(strict_types=1);

require __DIR__ . '/cache_stand_in.php';

[, $host, $folder] = $argv;
require '/opt/campus-moodle/src/autoload.php';

$CFG = (object) ['localcachedir' => $folder];
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SCRIPT_NAME'] = '/course/view.php';

/** A new request: a new connection, and nothing read ahead. */
function store(string $cache = 'core/config', string $prefix = 'site_v2_', string $class = Campus\Moodle\Cache\Store::class, mixed ...$options): cachestore_redis
{
    end_request();
    CountingRedis::$asked = [];
    $store = new $class($GLOBALS['host'], $prefix, ...$options);
    $store->initialise(new core_cache\definition(...explode('/', $cache)));
    return $store;
}

/** What PHP does at the end of a request: the keys are remembered, the object goes. */
function end_request(): void
{
    $current = new ReflectionProperty(Campus\Moodle\Cache\ReadAhead::class, 'current');
    if ($current->getValue() !== null) {
        (new ReflectionMethod(Campus\Moodle\Cache\ReadAhead::class, 'remember'))->invoke($current->getValue());
        $current->setValue(null, null);
    }
}

function copies(): int
{
    return count(glob($GLOBALS['folder'] . '/values/*/*.php'));
}

/** Gives keys in a new request; what they are and what the server was asked. */
function read(cachestore_redis $store, string ...$keys): array
{
    $values = array_map($store->get(...), array_combine($keys, $keys));
    return ['values' => $values, 'asked' => CountingRedis::$asked];
}

$large = ['theme' => 'boost', 'nested' => ['it\'s' => null, 'on' => true, 'rate' => 0.25], 'long' => str_repeat('x', 2000)];
$other = ['theme' => 'classic'] + $large;
$steps = [];

// One large value, then another under the same key, then none.
$steps['set'] = store()->set('core', $large);
$steps['first'] = read(store(), 'core') + ['copies' => copies()];
$steps['modes'] = array_map(static fn (string $file) => decoct(fileperms($file) & 0777), glob("$folder/values/*/*.php"));
$steps['again'] = read(store(), 'core');
$steps['changed elsewhere'] = [store()->set('core', $other), read(store(), 'core'), copies()];
$steps['set back'] = [store()->set('core', $large), read(store(), 'core')['values'], copies()];
$steps['keys'] = store()->find_all();
$steps['many'] = store()->get_many(['core', 'missing']);
$steps['deleted'] = [store()->delete('core'), read(store(), 'core')['values'], store()->find_all(), store()->delete('core')];

// The server lost the value, but not the key, and there is no copy.
store()->set('core', ['theme' => 'none'] + $large);
(fn () => $this->redis->hDel($this->hash, 'large/core'))->call(store());
$steps['half lost'] = read(store(), 'core')['values'];

// Purged by a store that knows nothing of ours.
store()->set('core', $large);
read(store(), 'core');
store(class: cachestore_redis::class)->purge();
$steps['purged by Moodle\'s store'] = read(store(), 'core')['values'];

// What must not become a file.
$object = (object) ['text' => str_repeat('x', 2000)];
$expiring = new core_cache\ttl_wrapper($large, 1234567890);
foreach (['small' => ['a' => 1], 'object' => $object, 'in an array' => ['o' => $object], 'text' => str_repeat('x', 2000), 'nothing' => null, 'expiring' => $expiring] as $key => $value) {
    store()->set($key, $value);
    $got = read(store(), $key)['values'][$key];
    $steps['same'][$key] = $got == $value && gettype($got) === gettype($value);
}
$steps['the wrapper keeps what was set'] = $expiring->data === $large;

// Other caches, and keys of another image, are left as they are.
store('core/coursemodinfo')->set('5', $large);
$steps['another cache'] = store('core/coursemodinfo', class: cachestore_redis::class)->get('5') === $large;
store(prefix: 'site_')->set('core', $large);
$steps['other keys'] = store(prefix: 'site_', class: cachestore_redis::class)->get('core') === $large;

// What an administrator can choose on Moodle's page for this store.
foreach (['compressed' => ['compressor' => 1], 'in a cluster' => ['clustermode' => true]] as $choice => $options) {
    $prefix = str_replace(' ', '_', $choice) . '_v2_';
    $set = store(...$options, prefix: $prefix)->set('core', $large);
    $fields = (fn () => $this->redis->hKeys($this->hash))->call(store(...$options, prefix: $prefix));
    $steps['chosen'][$choice] = [$set, store(...$options, prefix: $prefix)->get('core') === $large, $fields];
}

// Reading ahead: the second request of a script takes along what the first one asked for.
foreach (['a', 'b', 'c'] as $key) {
    store()->set($key, $key);
}
$_SERVER['SCRIPT_NAME'] = '/my/index.php';
read(store(), 'a', 'b');
$steps['ahead'] = read(store(), 'a', 'b', 'c');
$steps['learnt'] = read(store(), 'c', 'a');
$store = store();
$store->get('a');
store_elsewhere('b', 'new');
$steps['as it was when the page began'] = [$store->get('b'), $store->get('b')];
$store = store();
$store->get('a');
$store->set('c', 'mine');
store_elsewhere('b', 'newer');
$steps['after a write'] = [$store->get('b'), $store->get('c')];
$_SERVER['REQUEST_METHOD'] = 'POST';
$steps['a form'] = read(store(), 'a', 'b')['asked'];

/** Another process writes: without touching what this request has read ahead. */
function store_elsewhere(string $key, string $value): void
{
    $redis = new Redis();
    $redis->connect($GLOBALS['host']);
    $redis->setOption(Redis::OPT_PREFIX, 'site_v2_');
    $redis->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_IGBINARY);
    $redis->hSet(md5('core config'), $key, $value);
}

echo json_encode($steps);
