<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Files that only the site's user can read, of which there is never half a one. */
final class PrivateFile
{
    /** Others may replace the same file at the same time; each writes its own and the last rename wins. False when it cannot be written. */
    public static function replace(string $path, string $text): bool
    {
        $temporary = "$path." . getmypid();
        $mask = umask(0077);
        $written = @file_put_contents($temporary, $text);
        umask($mask);
        if ($written !== false && @rename($temporary, $path)) {
            return true;
        }
        @unlink($temporary);
        return false;
    }
}
