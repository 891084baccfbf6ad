<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use Campus\Moodle\Cache\LargeValue;

/** Where Moodle keeps its application caches. */
final class Caches
{
    private const IGBINARY = 2;
    private const PHP_SERIALIZER = 1;

    /**
     * The settings of the store that the caches belong into.
     *
     * @param array<string, mixed> $values
     * @return array<string, mixed>|null null: files
     */
    public static function store(array $values): ?array
    {
        $host = $values['MOODLE_CACHE_HOST'];
        if ($host === '') {
            return null;
        }
        return [
            'server' => str_starts_with($host, '/') ? $host : "$host:{$values['MOODLE_CACHE_PORT']}",
            'prefix' => SiteSettings::keyPrefix($values) . LargeValue::KEYS,
            'password' => Valkey::login($values, 'CACHE'),
            'serializer' => extension_loaded('igbinary') ? self::IGBINARY : self::PHP_SERIALIZER,
            'compressor' => 0,
            'connectiontimeout' => 1,
            'encryption' => 0,
            'cafile' => '',
            'clustermode' => 0,
        ];
    }
}
