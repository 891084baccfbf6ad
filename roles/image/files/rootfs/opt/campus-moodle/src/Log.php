<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Log lines go to standard error, the one JSON result to standard output. */
final class Log
{
    public static function line(string $sentence): void
    {
        fwrite(STDERR, $sentence . "\n");
    }

    /** @param array<string, mixed> $result */
    public static function result(array $result): void
    {
        fwrite(STDOUT, json_encode($result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . "\n");
    }
}
