<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

/**
 * Moodle's Redis store, with two short cuts for caches that change only when an administrator changes something.
 *
 * Large values: the key holds the digest of the value, and a second field of the same hash the value itself. A page that has
 * a local copy with that digest fetches nothing and unpacks nothing, and a copy can never be out of date, since the digest
 * comes from the server each time. Both fields go with the hash, however it is purged.
 *
 * Many small values: see ReadAhead.
 */
final class Store extends \cachestore_redis
{
    /** Component and area of the caches that are meant. Their keys are few, and no key belongs to a user or a course. */
    private const STEADY = [
        'core/capabilities',
        'core/config',
        'core/databasemeta',
        'core/fontawesomeiconmapping',
        'core/hookcallbacks',
        'core/langmenu',
        'core/message_processors_enabled',
        'core/observers',
        'core/plugin_functions',
        'core/plugin_manager',
        'core/roledefs',
        'core/yuimodules',
        'tool_usertours/tourdata',
    ];
    /** Begins the names of the fields with large values; Moodle's keys have no slash. */
    private const APART = 'large/';

    private bool $steady = false;

    public function initialise(\core_cache\definition $definition)
    {
        // Moodle's page for cache stores offers a cluster, and compression by Moodle instead of the client: neither knows our fields.
        $this->steady = $this->redis instanceof \Redis
            && $this->compressor === self::COMPRESSOR_NONE
            && in_array($definition->get_component() . '/' . $definition->get_area(), self::STEADY, true)
            && str_ends_with((string) $this->redis->getOption(\Redis::OPT_PREFIX), LargeValue::KEYS);
        return parent::initialise($definition);
    }

    public function get($key)
    {
        if (!$this->steady) {
            return parent::get($key);
        }
        return $this->whole((string) $key, ReadAhead::get($this->redis, $this->hash, (string) $key));
    }

    public function get_many($keys)
    {
        $values = parent::get_many($keys);
        foreach ($this->steady ? $values : [] as $key => $value) {
            $values[$key] = $this->whole((string) $key, $value);
        }
        return $values;
    }

    public function set($key, $value)
    {
        return $this->steady ? $this->set_many([['key' => $key, 'value' => $value]]) === 1 : parent::set($key, $value);
    }

    public function set_many(array $keyvaluearray)
    {
        if (!$this->steady) {
            return parent::set_many($keyvaluearray);
        }
        ReadAhead::stop();
        $fields = [];
        foreach ($keyvaluearray as ['key' => $key, 'value' => $value]) {
            $large = LargeValue::of($value);
            $fields[] = ['key' => $key, 'value' => $large ?? $value];
            if ($large !== null) {
                $fields[] = ['key' => self::APART . $key, 'value' => $large->content()];
            }
        }
        return parent::set_many($fields) === count($fields) ? count($keyvaluearray) : 0;
    }

    public function delete($key)
    {
        return $this->steady ? $this->delete_many([$key]) > 0 : parent::delete($key);
    }

    public function delete_many(array $keys)
    {
        if (!$this->steady) {
            return parent::delete_many($keys);
        }
        ReadAhead::stop();
        $deleted = parent::delete_many($keys);
        parent::delete_many(array_map(static fn ($key) => self::APART . $key, $keys));
        return $deleted;
    }

    public function purge()
    {
        ReadAhead::stop();
        return parent::purge();
    }

    public function find_all()
    {
        return array_values(array_filter(parent::find_all(), static fn ($key) => !str_starts_with((string) $key, self::APART)));
    }

    /** The value that Moodle has set: what the key holds, or the large value that it stands for. */
    private function whole(string $key, mixed $value): mixed
    {
        if (!$value instanceof LargeValue) {
            return $value;
        }
        // Without the field, which the server may have lost, there is no such key.
        return $value->whole("$this->hash/$key", fn () => parent::get(self::APART . $key));
    }
}
