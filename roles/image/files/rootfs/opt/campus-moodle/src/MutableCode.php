<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * OPcache never looks at a file twice, but one PHP file of Moodle changes while the site runs and is read on every page:
 * the configuration of its caches. The health check of each container passes here every few seconds and lets OPcache
 * forget that file when another container, or the command line, wrote it.
 */
final class MutableCode
{
    private const FILE = Paths::DATA . '/muc/config.php';
    private const KEY = 'campus-moodle-muc';

    public static function refresh(): void
    {
        $changed = @filemtime(self::FILE) ?: 0;
        if (!function_exists('apcu_fetch') || !apcu_enabled() || apcu_fetch(self::KEY) === $changed) {
            return;
        }
        apcu_store(self::KEY, $changed);
        function_exists('opcache_invalidate') && opcache_invalidate(self::FILE, true);
    }
}
