<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

use Campus\Moodle\SharedArray;

/** Copies of large values. The name of a file ends with the digest of what is in it, so it never changes. */
final class LocalCopy
{
    /** @return ?array null when there is no copy, and where OPcache could not share it: on the command line */
    public static function of(string $name, string $digest): ?array
    {
        return self::isShared() ? SharedArray::read(self::file($name, $digest)) : null;
    }

    /** In the place of an older copy of the same key. */
    public static function keep(string $name, string $digest, array $content): void
    {
        if (self::isShared()) {
            $file = self::file($name, $digest);
            self::remove(glob(dirname($file) . '/*.php') ?: []);
            SharedArray::keep($file, $content);
        }
    }

    private static function isShared(): bool
    {
        return (bool) ini_get(PHP_SAPI === 'cli' ? 'opcache.enable_cli' : 'opcache.enable');
    }

    /** What OPcache keeps of a file without telling it otherwise would stay in its memory for ever. */
    private static function remove(array $files): void
    {
        foreach ($files as $file) {
            opcache_invalidate($file, true);
            @unlink($file);
        }
    }

    private static function file(string $name, string $digest): string
    {
        global $CFG;
        return "$CFG->localcachedir/values/" . md5($name) . "/$digest.php";
    }
}
