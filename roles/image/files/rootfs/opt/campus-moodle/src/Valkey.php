<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The Valkey or Redis servers of a site: "SESSION" and "CACHE" in the names of their variables. */
final class Valkey
{
    private const TIMEOUT_SECONDS = 3.0;

    /**
     * What a client logs in with, as phpredis and Moodle's stores take it: a password, user and password, or '' for nothing.
     *
     * @param array<string, mixed> $values as Environment::read gives for 'site'
     * @return string|array{string, string}
     */
    public static function login(array $values, string $server): string|array
    {
        [$user, $password] = [$values["MOODLE_{$server}_USERNAME"], $values["MOODLE_{$server}_PASSWORD"]];
        return $user === '' ? $password : [$user, $password];
    }

    /**
     * @param array<string, mixed> $values
     * @return string|null why the server cannot be used; null when it answers
     */
    public static function problem(array $values, string $server): ?string
    {
        $host = $values["MOODLE_{$server}_HOST"];
        $login = self::login($values, $server);
        try {
            $client = new \Redis();
            $client->connect($host, str_starts_with($host, '/') ? 0 : $values["MOODLE_{$server}_PORT"], self::TIMEOUT_SECONDS);
            $login === '' || $client->auth($login);
            $client->ping();
            $client->close();
            return null;
        } catch (\RedisException $error) {
            return $error->getMessage();
        }
    }

    /**
     * The same, asked again until it answers or the time is over.
     *
     * @param array<string, mixed> $values
     */
    public static function waitFor(array $values, string $server, int $seconds): ?string
    {
        $deadline = microtime(true) + $seconds;
        while (($problem = self::problem($values, $server)) !== null && microtime(true) < $deadline) {
            usleep(500000);
        }
        return $problem;
    }
}
