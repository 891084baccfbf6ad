<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * What the branch of Moodle in the image needs from PHP and PostgreSQL. The numbers are the builder's, which has the table of
 * branches; another branch, mounted over the image's code for editing, is not known.
 */
final class Requirements
{
    private const EXTENSIONS = [
        'iconv', 'mbstring', 'curl', 'openssl', 'ctype', 'zip', 'zlib', 'gd', 'simplexml', 'spl', 'pcre', 'dom', 'xml',
        'xmlreader', 'intl', 'json', 'hash', 'fileinfo', 'sodium', 'pgsql', 'pdo_pgsql',
    ];

    /**
     * @param array<string, mixed> $facts as Image::facts
     * @param string $php for example 8.2.29
     * @param int $postgresql as the server counts: 150013; 0 leaves it out
     * @param list<string> $extensions loaded ones
     * @return list<string> one sentence for each need that is not met
     */
    public static function unmet(array $facts, string $php, int $postgresql, array $extensions): array
    {
        ['php_minimum' => $least, 'php_maximum' => $most, 'postgresql_minimum' => $database] = $facts;
        $missing = array_diff(self::EXTENSIONS, array_map(strtolower(...), $extensions));
        $found = intdiv($postgresql, 10000);
        $minor = implode('.', array_slice(explode('.', $php), 0, 2));
        return array_keys(array_filter([
            "PHP $php cannot run this branch of Moodle; it needs $least to $most." => version_compare($minor, $least, '<') || version_compare($minor, $most, '>'),
            "PostgreSQL $found is too old for this branch of Moodle; it needs $database or later." => $postgresql > 0 && $found < $database,
            'The image lacks the PHP extensions ' . implode(', ', $missing) . '.' => $missing !== [],
        ]));
    }

    /**
     * @param array<string, mixed> $facts as Image::facts; an image that an older collection built does not say from where it upgrades
     * @param string $release of the database, for example "4.1.17+ (Build: 20250314)"
     * @return string '' where Moodle upgrades from it, else the lowest release that it upgrades from
     */
    public static function tooOldFor(array $facts, string $release): string
    {
        $least = $facts['upgrade_minimum'] ?? '';
        return preg_match('/^\d+(\.\d+)*/', $release, $number) && version_compare($number[0], $least, '<') ? $least : '';
    }

    /**
     * @param array<string, mixed> $facts as Image::facts
     * @param string $branch as in version.php: 405
     */
    public static function knows(array $facts, string $branch): bool
    {
        return vsprintf('%d%02d', explode('.', $facts['branch'])) === $branch;
    }
}
