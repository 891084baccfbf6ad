<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * Tables and columns that the last upgrade left missing, noted in the database.
 *
 * Only the new code can compare tables with their description, so before an upgrade it also finds missing what that upgrade is
 * to make. Whether something was missing already, this note tells: an upgrade that leaves something missing fails and notes it,
 * and later upgrades take it as it is.
 */
final class MissingTables
{
    /** A row of Moodle's settings of plugins, which no page reads: those of the core are loaded on every page. */
    private const PLUGIN = 'campus_moodle';
    private const NAME = 'missing_tables';

    /**
     * @param list<string> $differences before an upgrade, as MoodleScript::schemaDifferences
     * @return list<string> those that the upgrade is not to blame for
     */
    public static function withoutPending(Database $database, array $differences): array
    {
        return array_values(array_diff($differences, array_diff(self::missing($differences), self::noted($database))));
    }

    /** @param list<string> $differences after an upgrade */
    public static function note(Database $database, array $differences): void
    {
        $table = "{$database->prefix}config_plugins";
        $missing = self::missing($differences);
        $database->execute("DELETE FROM $table WHERE plugin = ? AND name = ?", [self::PLUGIN, self::NAME]);
        if ($missing !== []) {
            $database->execute("INSERT INTO $table (plugin, name, value) VALUES (?, ?, ?)", [self::PLUGIN, self::NAME, implode("\n", $missing)]);
        }
    }

    /** @return list<string> */
    private static function noted(Database $database): array
    {
        $value = $database->value("SELECT value FROM {$database->prefix}config_plugins WHERE plugin = ? AND name = ?", [self::PLUGIN, self::NAME]);
        return $value === null ? [] : explode("\n", $value);
    }

    /**
     * Moodle says "table is missing" and "column 'x' is missing". What else differs does not stop it from working.
     *
     * @param list<string> $differences
     * @return list<string>
     */
    private static function missing(array $differences): array
    {
        return array_values(array_filter($differences, static fn (string $difference) => str_ends_with($difference, ' is missing')));
    }
}
