<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use PDO;
use PDOException;

/**
 * Whether the site may get traffic: the code belongs to the database and the site is not in maintenance. Costs one
 * connection and one query; runs no page of Moodle and no session. The same class serves the web and the command line.
 */
final class Readiness
{
    private const NAMES = ['version', 'allversionshash', 'rolesactive', 'maintenance_enabled', 'cron_enabled'];
    private const TIMEOUT_SECONDS = 3;

    /** @return list<string> why it may not, as sentences without inner details; empty when it may */
    public static function reasons(): array
    {
        return self::look(Paths::SETTINGS, Paths::MAINTENANCE_FILE)['reasons'];
    }

    /** @return list<string> why no task may run now */
    public static function reasonsAgainstTasks(): array
    {
        $found = self::look(Paths::SETTINGS, Paths::MAINTENANCE_FILE);
        return $found['reasons'] === [] && empty($found['settings']['cron_enabled']) ? ['Cron is disabled.'] : $found['reasons'];
    }

    /** @return array{reasons: list<string>, settings: array<string, string>} */
    private static function look(string $file, string $maintenance): array
    {
        if (!is_file($file)) {
            return ['reasons' => ['The settings are not rendered yet.'], 'settings' => []];
        }
        $config = self::config($file);
        try {
            $settings = self::query($config);
        } catch (PDOException $error) {
            $missing = in_array($error->getCode(), ['42P01', '3F000'], true);
            return ['reasons' => [$missing ? 'Moodle is not installed.' : 'The database does not answer.'], 'settings' => []];
        }
        $reasons = array_keys(array_filter([
            'Moodle is not installed completely.' => empty($settings['rolesactive']),
            'The database does not have the version of the code.' => !self::isCurrent($settings, isset($config->alternative_component_cache)),
            'The site is in maintenance.' => is_file($maintenance) || !empty($settings['maintenance_enabled']),
        ]));
        return ['reasons' => $reasons, 'settings' => $settings];
    }

    private static function config(string $file): \stdClass
    {
        $CFG = new \stdClass();
        require $file;
        return $CFG;
    }

    /** @return array<string, string> */
    private static function query(\stdClass $config): array
    {
        $options = $config->dboptions;
        $database = new PDO(
            "pgsql:host='{$config->dbhost}';port={$options['dbport']};dbname='" . addcslashes($config->dbname, "'\\")
                . "';sslmode={$options['ssl']};connect_timeout=" . self::TIMEOUT_SECONDS,
            $config->dbuser,
            $config->dbpass,
            [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION],
        );
        $names = implode("', '", self::NAMES);
        return $database->query("SELECT name, value FROM {$config->prefix}config WHERE name IN ('$names')")->fetchAll(PDO::FETCH_KEY_PAIR);
    }

    /**
     * In the image everything was worked out when it was built. Where the code is mounted for editing, the version of the
     * core has to do: to read all plugins takes longer than a page.
     *
     * @param array<string, string> $settings
     */
    private static function isCurrent(array $settings, bool $baked): bool
    {
        return $baked
            ? (require Paths::BAKED_VERSIONS)['allversionshash'] === ($settings['allversionshash'] ?? '')
            : (float) Image::codeVersion()['version'] === (float) ($settings['version'] ?? 0);
    }
}
