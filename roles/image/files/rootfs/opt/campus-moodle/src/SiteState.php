<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** What a database holds, seen from outside Moodle. */
final class SiteState
{
    /** No table with the prefix. */
    public const EMPTY = 'empty';
    /** An install of this site that was cut. */
    public const PARTIAL = 'partial';
    public const INSTALLED = 'installed';
    /** Tables that belong to another site, or that no install of ours made. */
    public const FOREIGN = 'foreign';

    /** The row in Moodle's config table that says whose tables these are. */
    public const SITE_ID = 'campus_site_id';

    /** How many users a site has that nobody has used yet: guest and administrator. */
    private const UNUSED_USERS = 2;

    /**
     * @param bool $usable Moodle has set its roles up; only the last steps of the install may be missing
     * @param string $version '' when not installed
     * @param string $siteId '' when the tables carry none
     * @param string $reason why the state is FOREIGN, as a sentence
     */
    private function __construct(
        public readonly string $state,
        public readonly bool $usable = false,
        public readonly string $version = '',
        public readonly string $release = '',
        public readonly string $versionsHash = '',
        public readonly string $siteId = '',
        public readonly string $reason = '',
    ) {
    }

    public static function of(Database $database, string $siteId): self
    {
        $tables = $database->tables();
        if ($tables === []) {
            return new self(self::EMPTY);
        }
        $unfinished = InstallRecord::isUnfinished($database, $siteId);
        $config = in_array($database->prefix . 'config', $tables, true)
            ? $database->settings(['version', 'release', 'allversionshash', 'rolesactive', self::SITE_ID]) : [];
        if (empty($config['rolesactive'])) {
            return self::unfinished($database, $tables, $unfinished);
        }
        $owner = $config[self::SITE_ID] ?? '';
        if ($owner !== '' && $siteId !== '' && $owner !== $siteId) {
            return new self(self::FOREIGN, siteId: $owner, reason: "The tables with the prefix {$database->prefix} belong to the site $owner, not to $siteId.");
        }
        return new self(
            $unfinished ? self::PARTIAL : self::INSTALLED,
            true,
            $config['version'] ?? '',
            $config['release'] ?? '',
            $config['allversionshash'] ?? '',
            $owner,
        );
    }

    /** @param list<string> $tables */
    private static function unfinished(Database $database, array $tables, bool $ours): self
    {
        $users = in_array("{$database->prefix}user", $tables, true) ? (int) $database->value("SELECT count(*) FROM {$database->prefix}user") : 0;
        if ($ours && $users <= self::UNUSED_USERS) {
            return new self(self::PARTIAL);
        }
        $count = count($tables);
        return new self(self::FOREIGN, reason: "The database holds $count tables with the prefix {$database->prefix} that are not a finished Moodle and that no install of this site made.");
    }
}
