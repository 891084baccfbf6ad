<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * A note in the database, outside Moodle's tables, that an install of ours began in a database without any of Moodle's
 * tables. As long as it is not finished, every table with the prefix was made by that install.
 */
final class InstallRecord
{
    public const TABLE = 'campus_moodle_install';

    public static function begin(Database $database, string $siteId, string $version): void
    {
        $database->execute('CREATE TABLE IF NOT EXISTS ' . self::TABLE . ' (
            prefix text PRIMARY KEY,
            site_id text NOT NULL,
            version text NOT NULL,
            started timestamptz NOT NULL DEFAULT now(),
            finished timestamptz)');
        $database->execute(
            'INSERT INTO ' . self::TABLE . ' (prefix, site_id, version) VALUES (?, ?, ?)
             ON CONFLICT (prefix) DO UPDATE SET site_id = excluded.site_id, version = excluded.version, started = now(), finished = NULL',
            [$database->prefix, $siteId, $version],
        );
    }

    public static function finish(Database $database): void
    {
        $database->execute('UPDATE ' . self::TABLE . ' SET finished = now() WHERE prefix = ?', [$database->prefix]);
    }

    /** Whether an install of this site was cut; an install of another site is not ours to go on with. */
    public static function isUnfinished(Database $database, string $siteId): bool
    {
        return $database->hasTable(self::TABLE) && $database->value(
            'SELECT 1 FROM ' . self::TABLE . ' WHERE prefix = ? AND site_id = ? AND finished IS NULL',
            [$database->prefix, $siteId],
        ) !== null;
    }

    /**
     * Drops what the cut install made. The caller holds the site's lock and has seen that the site was never finished.
     *
     * @return int how many tables
     */
    public static function dropTables(Database $database): int
    {
        $tables = $database->tables();
        foreach ($tables as $table) {
            // One table at a time: a whole Moodle in one transaction needs more locks than PostgreSQL has by default.
            $database->execute('DROP TABLE IF EXISTS "' . $table . '" CASCADE');
        }
        foreach ($database->sequences() as $sequence) {
            $database->execute('DROP SEQUENCE IF EXISTS "' . $sequence . '" CASCADE');
        }
        return count($tables);
    }
}
