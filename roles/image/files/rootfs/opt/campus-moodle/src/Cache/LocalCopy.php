<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Cache;

/**
 * Copies of large values in the container's local cache, as PHP files whose arrays OPcache shares between all processes.
 * The name of a file ends with the digest of what is in it, so it never changes.
 */
final class LocalCopy
{
    /** @return ?array null when there is no copy, and where OPcache could not share it: on the command line */
    public static function of(string $name, string $digest): ?array
    {
        if (!self::isShared()) {
            return null;
        }
        $file = self::file($name, $digest);
        // Another request may remove the copy at any moment.
        $content = is_file($file) ? @include $file : null;
        return is_array($content) ? $content : null;
    }

    /** Another request may keep the same copy at the same time; each writes its own and the last rename wins. */
    public static function keep(string $name, string $digest, array $content): void
    {
        if (!self::isShared()) {
            return;
        }
        $file = self::file($name, $digest);
        $folder = dirname($file);
        is_dir($folder) || @mkdir($folder, 0700, true);
        self::remove(glob("$folder/*.php") ?: []);
        $temporary = "$file." . getmypid();
        // Settings may be secrets.
        $mask = umask(0077);
        $written = @file_put_contents($temporary, '<?php return ' . var_export($content, true) . ";\n");
        umask($mask);
        if ($written === false || !@rename($temporary, $file)) {
            @unlink($temporary);
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
