<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

use Campus\Moodle\SharedArray;

/** Copies of large values. The name of a file ends with the digest of what is in it, so it never changes. */
final class LocalCopy
{
    /** Begins the names under which APCu remembers the last file of a key. */
    private const LAST = 'campus-moodle/copy/';

    /** @return ?array null when there is no copy, and where OPcache could not share it: on the command line */
    public static function of(string $name, string $digest): ?array
    {
        return self::isShared() ? SharedArray::read(self::file($name, $digest)) : null;
    }

    /** In the place of an older copy of the same key. */
    public static function keep(string $name, string $digest, array $content): void
    {
        if (!self::isShared()) {
            return;
        }
        $file = self::file($name, $digest);
        // Moodle empties the folder at times, while OPcache still holds what was in it.
        $last = apcu_fetch(self::LAST . $name);
        $older = [...glob(dirname($file) . '/*.php') ?: [], ...($last === false ? [] : [$last])];
        // Another process may have written the same file a moment ago.
        SharedArray::remove(array_diff($older, [$file]));
        SharedArray::keep($file, $content);
        apcu_store(self::LAST . $name, $file);
    }

    private static function isShared(): bool
    {
        return (bool) ini_get(PHP_SAPI === 'cli' ? 'opcache.enable_cli' : 'opcache.enable');
    }

    private static function file(string $name, string $digest): string
    {
        global $CFG;
        return "$CFG->localcachedir/values/" . md5($name) . "/$digest.php";
    }
}
