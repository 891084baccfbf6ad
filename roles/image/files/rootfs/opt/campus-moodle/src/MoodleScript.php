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

    /** A part of the comparison would make old differences look new. Every column of a large site is a fifth of this. */
    private const SCHEMA_BYTES = 8 << 20;

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

    /**
     * What Moodle's comparison of the tables with their description finds.
     *
     * @return list<string> "table: difference"
     * @throws Failure when the script fails, or finds more than can be compared with others
     */
    public static function schemaDifferences(): array
    {
        $outcome = Child::php([Image::script('check_database_schema')], '', true, self::SCHEMA_BYTES);
        if (!$outcome->isWhole) {
            throw Failure::because(ExitCode::MOODLE, 'schema', 'The tables differ from what Moodle expects in more places than can be compared; see check_database_schema.php, and mend them first.');
        }
        $found = $outcome->exit === 0 ? [] : self::differences($outcome->tail);
        return $outcome->exit === 0 || $found !== [] ? $found : throw self::failure('check_database_schema', $outcome);
    }

    /** @return list<string> */
    public static function differences(string $output): array
    {
        $table = '';
        $differences = [];
        foreach (preg_split('/\R/', $output) ?: [] as $line) {
            if (preg_match('/^ \* (.+)$/', $line, $match)) {
                $differences[] = "$table: {$match[1]}";
            } elseif (preg_match('/^\w+$/', $line)) {
                $table = $line;
            }
        }
        return $differences;
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
