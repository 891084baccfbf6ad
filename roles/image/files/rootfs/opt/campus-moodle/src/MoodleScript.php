<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Moodle's own scripts and what their exit statuses mean. */
final class MoodleScript
{
    private const NOTHING_TO_DO = 0;
    private const MAINTENANCE_REQUIRED = 2;
    private const NO_MAINTENANCE_REQUIRED = 3;

    /** Whether the pending upgrade needs the site in maintenance. Asks only. */
    public static function needsMaintenance(): bool
    {
        $outcome = self::run('upgrade', ['--non-interactive', '--is-maintenance-required'], quiet: true);
        return match ($outcome->exit) {
            self::NOTHING_TO_DO, self::NO_MAINTENANCE_REQUIRED => false,
            self::MAINTENANCE_REQUIRED => true,
            default => throw self::failure('upgrade', $outcome),
        };
    }

    /** @param list<string> $arguments */
    public static function run(string $name, array $arguments, bool $quiet = false): Outcome
    {
        return Child::php([Image::script($name), ...$arguments], '', $quiet);
    }

    /** Runs a script that has to succeed. @param list<string> $arguments */
    public static function must(string $name, array $arguments, bool $quiet = false): Outcome
    {
        $outcome = self::run($name, $arguments, $quiet);
        return $outcome->exit === 0 ? $outcome : throw self::failure($name, $outcome);
    }

    public static function failure(string $name, Outcome $outcome): Failure
    {
        return $outcome->failure("Moodle's script $name.php failed with exit status {$outcome->exit}");
    }
}
