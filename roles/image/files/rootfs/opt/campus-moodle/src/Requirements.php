<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** What each branch of Moodle needs from PHP and PostgreSQL. */
final class Requirements
{
    /** branch as in version.php => [lowest PHP, first PHP that is too new, lowest PostgreSQL] */
    private const BRANCHES = [
        '405' => ['8.1', '8.4', 13],
        '500' => ['8.2', '8.5', 14],
        '501' => ['8.2', '8.5', 15],
        '502' => ['8.3', '8.5', 16],
        '503' => ['8.3', '8.5', 16],
    ];

    private const EXTENSIONS = [
        'iconv', 'mbstring', 'curl', 'openssl', 'ctype', 'zip', 'zlib', 'gd', 'simplexml', 'spl', 'pcre', 'dom', 'xml',
        'xmlreader', 'intl', 'json', 'hash', 'fileinfo', 'sodium', 'pgsql', 'pdo_pgsql',
    ];

    /**
     * @param string $php for example 8.2.29
     * @param int $postgresql as the server counts: 150013; 0 leaves it out
     * @param list<string> $extensions loaded ones
     * @return list<string> one sentence for each need that is not met
     */
    public static function unmet(string $branch, string $php, int $postgresql, array $extensions): array
    {
        [$least, $below, $database] = self::BRANCHES[$branch] ?? ['0', '99', 0];
        $missing = array_diff(self::EXTENSIONS, array_map(strtolower(...), $extensions));
        $found = intdiv($postgresql, 10000);
        return array_keys(array_filter([
            "PHP $php cannot run this branch of Moodle; it needs $least or later, and earlier than $below." => version_compare($php, $least, '<') || version_compare($php, $below, '>='),
            "PostgreSQL $found is too old for this branch of Moodle; it needs $database or later." => $postgresql > 0 && $found < $database,
            'The image lacks the PHP extensions ' . implode(', ', $missing) . '.' => $missing !== [],
        ]));
    }

    public static function knows(string $branch): bool
    {
        return isset(self::BRANCHES[$branch]);
    }
}
