<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** An array in a PHP file of the container's local cache: OPcache shares it between all processes as it is. */
final class SharedArray
{
    /** @return ?array null when there is no such file */
    public static function read(string $file): ?array
    {
        // Another request may remove it at any moment.
        $content = is_file($file) ? @include $file : null;
        return is_array($content) ? $content : null;
    }

    /** Keeps it, if there is room. */
    public static function keep(string $file, array $content): void
    {
        $folder = dirname($file);
        is_dir($folder) || @mkdir($folder, 0700, true);
        PrivateFile::replace($file, '<?php return ' . var_export($content, true) . ";\n");
    }
}
