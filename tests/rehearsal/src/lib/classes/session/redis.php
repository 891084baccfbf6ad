<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\session;

defined('MOODLE_INTERNAL') || die();

/**
 * Sessions in Redis or Valkey through phpredis; settings $CFG->session_redis_*.
 *
 * host: name, address or path of a unix socket; port=6379; auth; database=0; prefix; encrypt (array of stream options for TLS);
 * acquire_lock_timeout=120, lock_expire=lifetime, connection_timeout=3 (seconds), lock_retry=100 (milliseconds), maxretries=3,
 * serializer_use_igbinary=false.
 */
class redis extends handler {
    private ?\Redis $connection = null;
    /** @var array{0: string, 1: string}|null key and value of the lock that is held */
    private ?array $lock = null;

    public function read(string $id): string|false {
        $connection = $this->connection();
        $lock = [$this->setting('prefix', '') . "$id.lock", bin2hex(random_bytes(8))]; // phpredis adds no prefix to raw commands
        $end = microtime(true) + (int) $this->setting('acquire_lock_timeout', 120);
        $expire = (int) $this->setting('lock_expire', $this->lifetime());
        while (!$connection->rawCommand('SET', ...$lock, ...['NX', 'EX', $expire])) {
            microtime(true) < $end || throw new \RuntimeException('Cannot obtain the session lock.');
            usleep(1000 * (int) $this->setting('lock_retry', 100));
        }
        $this->lock = $lock;
        return (string) $connection->get($id);
    }

    public function write(string $id, string $data): bool {
        return $this->connection()->setex($id, $this->lifetime(), $data);
    }

    public function close(): bool {
        if ($this->lock !== null) {
            // Only our own lock: after lock_expire it may be somebody else's.
            $release = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';
            $this->connection()->rawCommand('EVAL', $release, 1, ...$this->lock);
            $this->lock = null;
        }
        $this->connection?->close();
        $this->connection = null;
        return true;
    }

    public function destroy(string $id): bool {
        $this->connection()->del($id);
        return true;
    }

    public function destroy_all(): void {
        $connection = $this->connection();
        $prefix = (string) $this->setting('prefix', '');
        $connection->setOption(\Redis::OPT_PREFIX, '');
        $connection->setOption(\Redis::OPT_SCAN, \Redis::SCAN_RETRY);
        $cursor = null;
        while (($keys = $connection->scan($cursor, "$prefix*", 500)) !== false) {
            $keys === [] || $connection->del($keys);
        }
    }

    private function connection(): \Redis {
        if ($this->connection !== null) {
            return $this->connection;
        }
        $host = (string) $this->setting('host', '');
        $tls = (array) $this->setting('encrypt', []);
        $socket = str_starts_with($host, '/') || str_starts_with($host, 'unix://');
        $tries = max(1, (int) $this->setting('maxretries', 3));
        $context = $tls === [] ? [] : ['stream' => $tls];
        for ($try = 1; ; $try++) {
            try {
                $redis = new \Redis();
                $redis->connect(
                    $tls === [] ? (string) preg_replace('#^unix://#', '', $host) : "tls://$host",
                    $socket ? 0 : (int) $this->setting('port', 6379),
                    (float) $this->setting('connection_timeout', 3),
                    null,
                    100,
                    0.0,
                    $context,
                );
                break;
            } catch (\RedisException $error) {
                $try < $tries || throw new \RuntimeException("The session store cannot be reached: {$error->getMessage()}");
                usleep(100_000);
            }
        }
        // A password, or a user and a password, as Moodle takes it.
        $auth = $this->setting('auth', '');
        $auth === '' || $redis->auth($auth) || throw new \RuntimeException('The session store refused the password.');
        $redis->setOption(\Redis::OPT_PREFIX, (string) $this->setting('prefix', ''));
        $igbinary = $this->setting('serializer_use_igbinary', false) && defined('\Redis::SERIALIZER_IGBINARY');
        $redis->setOption(\Redis::OPT_SERIALIZER, $igbinary ? \Redis::SERIALIZER_IGBINARY : \Redis::SERIALIZER_PHP);
        $database = (int) $this->setting('database', 0);
        $database === 0 || $redis->select($database);
        return $this->connection = $redis;
    }

    private function setting(string $name, mixed $default): mixed {
        global $CFG;
        return $CFG->{"session_redis_$name"} ?? $default;
    }
}
