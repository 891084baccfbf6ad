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

    /**
     * Removes files, which need not be there any more: what OPcache keeps of a file stays in its memory until it is told otherwise.
     *
     * @param array<string> $files
     */
    public static function remove(array $files): void
    {
        foreach ($files as $file) {
            function_exists('opcache_invalidate') && opcache_invalidate($file, true);
            @unlink($file);
        }
    }

    /**
     * What OPcache holds of a folder. Looks through all that it holds, so it is for rare occasions.
     *
     * @return list<string> files
     */
    public static function held(string $folder): array
    {
        $status = function_exists('opcache_get_status') ? @opcache_get_status() : false;
        // Files that it was told to forget stay in its list.
        return array_values(array_filter(
            array_keys($status['scripts'] ?? []),
            static fn (string $file) => str_starts_with($file, "$folder/") && opcache_is_script_cached($file),
        ));
    }
}
