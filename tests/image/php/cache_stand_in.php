<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Stand-ins for Moodle's cache store, which count what they ask the server. To be required.

declare(strict_types=1);

namespace core_cache {
    /** Moodle wraps so what expires. */
    class ttl_wrapper
    {
        public function __construct(public mixed $data, public int $expires)
        {
        }
    }

    /** A cache: component, area, and where its keys are. */
    class definition
    {
        public function __construct(private string $component, private string $area)
        {
        }

        public function get_component(): string
        {
            return $this->component;
        }

        public function get_area(): string
        {
            return $this->area;
        }

        public function generate_definition_hash(): string
        {
            return md5("$this->component $this->area");
        }
    }
}

namespace {
    /** A client that writes down what it asks. */
    class CountingRedis extends Redis
    {
        public static array $asked = [];

        public function hGet($key, $member)
        {
            // In a pipeline the question is asked later.
            if ($this->getMode() === Redis::ATOMIC) {
                self::$asked[] = "get $member";
            }
            return parent::hGet($key, $member);
        }

        public function exec()
        {
            self::$asked[] = 'several at once';
            return parent::exec();
        }
    }

    /** A client of another class, as Moodle uses for a cluster. */
    class ClusterClient
    {
        public function __construct(private Redis $redis)
        {
        }

        public function __call(string $name, array $arguments): mixed
        {
            return $this->redis->$name(...$arguments);
        }
    }

    /** One hash for each cache, one field for each key. */
    class cachestore_redis
    {
        const COMPRESSOR_NONE = 0;

        protected $redis;
        protected $hash;
        protected $compressor = self::COMPRESSOR_NONE;

        public function __construct(string $host, string $prefix, int $compressor = self::COMPRESSOR_NONE, bool $clustermode = false)
        {
            $redis = new CountingRedis();
            $redis->connect($host);
            $redis->setOption(Redis::OPT_PREFIX, $prefix);
            // With a compressor, Moodle packs the values itself.
            $compressor === self::COMPRESSOR_NONE && $redis->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_IGBINARY);
            $this->compressor = $compressor;
            $this->redis = $clustermode ? new ClusterClient($redis) : $redis;
        }

        public function initialise(\core_cache\definition $definition)
        {
            $this->hash = $definition->generate_definition_hash();
            return true;
        }

        public function get($key)
        {
            $value = $this->redis->hGet($this->hash, (string) $key);
            return $this->compressor === self::COMPRESSOR_NONE ? $value : unserialize(gzuncompress($value));
        }

        public function get_many($keys)
        {
            return $this->redis->hMGet($this->hash, $keys);
        }

        public function set($key, $value)
        {
            $value = $this->compressor === self::COMPRESSOR_NONE ? $value : gzcompress(serialize($value));
            return $this->redis->hSet($this->hash, (string) $key, $value) !== false;
        }

        public function set_many(array $keyvaluearray)
        {
            $this->redis->hMSet($this->hash, array_column($keyvaluearray, 'value', 'key'));
            return count($keyvaluearray);
        }

        public function delete($key)
        {
            return $this->redis->hDel($this->hash, (string) $key) === 1;
        }

        public function delete_many(array $keys)
        {
            return $this->redis->hDel($this->hash, ...$keys);
        }

        public function purge()
        {
            return $this->redis->del($this->hash) !== false;
        }

        public function find_all()
        {
            return $this->redis->hKeys($this->hash);
        }
    }
}
