<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

/**
 * Fetches at once what a page will ask the cache server for one by one.
 *
 * A page asks for some forty keys, nearly always the same ones, and waits for each. So the first question takes along the keys
 * that this script asked for last time. A key is answered from there once; after that, and after the request has written
 * anything, the server is asked again. So a page sees what was there when it began, as it would with any cache that it reads once.
 */
final class ReadAhead
{
    private const MOST_KEYS = 200;
    /** Seconds after which a script's keys are learnt anew, so that those that nobody asks for any more go. */
    private const LEARN_EVERY = 600;

    private static ?self $current = null;

    /** @var array<string, mixed> name of a key => value that the page has not asked for yet */
    private array $values = [];
    /** @var array<string, array{string, string}> name of a key => hash and key that the page asked for */
    private array $asked = [];

    private function __construct(private readonly string $script, private array $known)
    {
    }

    public static function get(\Redis $redis, string $hash, string $key): mixed
    {
        self::$current ??= self::begin($redis);
        return self::$current->answer($redis, $hash, $key);
    }

    /** From now on the server is asked for everything. */
    public static function stop(): void
    {
        if (self::$current !== null) {
            self::$current->values = [];
        }
    }

    private static function begin(\Redis $redis): self
    {
        // What a form does depends on what it reads, and it may read what it has written a moment ago.
        $wanted = in_array($_SERVER['REQUEST_METHOD'] ?? '', ['GET', 'HEAD'], true) && apcu_enabled();
        $script = $wanted ? 'campus-moodle/read-ahead' . ($_SERVER['SCRIPT_NAME'] ?? '') : '';
        $known = $wanted ? (apcu_fetch($script) ?: []) : [];
        $ahead = new self($script, $known);
        $ahead->fetch($redis);
        if ($wanted) {
            register_shutdown_function($ahead->remember(...));
        }
        return $ahead;
    }

    private function fetch(\Redis $redis): void
    {
        if ($this->known === []) {
            return;
        }
        $pipeline = $redis->multi(\Redis::PIPELINE);
        foreach ($this->known as [$hash, $key]) {
            $pipeline->hGet($hash, $key);
        }
        $values = $pipeline->exec();
        if (is_array($values) && count($values) === count($this->known)) {
            $this->values = array_combine(array_keys($this->known), $values);
        }
    }

    private function answer(\Redis $redis, string $hash, string $key): mixed
    {
        $name = "$hash $key";
        $this->asked[$name] = [$hash, $key];
        if (array_key_exists($name, $this->values)) {
            $value = $this->values[$name];
            unset($this->values[$name]);
            return $value;
        }
        return $redis->hGet($hash, $key);
    }

    private function remember(): void
    {
        $new = array_diff_key($this->asked, $this->known);
        if ($new !== [] && count($this->known) < self::MOST_KEYS) {
            apcu_store($this->script, array_slice($this->known + $new, 0, self::MOST_KEYS), self::LEARN_EVERY);
        }
    }
}
