<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** A look at a Valkey or Redis server. */
final class Valkey
{
    private const TIMEOUT_SECONDS = 3.0;

    /**
     * @param string $host host name, or absolute path of a unix socket
     * @param string $password '' for none
     * @return string|null why it cannot be used; null when it answers
     */
    public static function problem(string $host, int $port, string $password): ?string
    {
        try {
            $server = new \Redis();
            $server->connect($host, str_starts_with($host, '/') ? 0 : $port, self::TIMEOUT_SECONDS);
            $password === '' || $server->auth($password);
            $server->ping();
            $server->close();
            return null;
        } catch (\RedisException $error) {
            return $error->getMessage();
        }
    }

    /** The same, asked again until it answers or the time is over. */
    public static function waitFor(string $host, int $port, string $password, int $seconds): ?string
    {
        $deadline = microtime(true) + $seconds;
        while (($problem = self::problem($host, $port, $password)) !== null && microtime(true) < $deadline) {
            usleep(500000);
        }
        return $problem;
    }
}
