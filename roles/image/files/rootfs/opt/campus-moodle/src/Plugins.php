<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Plugins that the database knows, and the code lacks or has in an older version. */
final class Plugins
{
    /** @return array<string, string> component => version, of every plugin in the database */
    public static function known(Database $database): array
    {
        return array_column($database->rows("SELECT plugin, value FROM {$database->prefix}config_plugins WHERE name = 'version'"), 'value', 'plugin');
    }

    /**
     * @param array<string, string> $known as known()
     * @return list<string> component names; empty when all is there
     */
    public static function missing(array $known, Code $code): array
    {
        $missing = array_values(array_filter(
            array_diff(array_keys($known), $code->plugins),
            static fn (string $component) => str_contains($component, '_') && !str_starts_with($component, 'core_'),
        ));
        if ($missing === []) {
            return [];
        }
        sort($missing);
        return array_values(array_diff($missing, Child::inside('removed', $missing)['removed']));
    }

    /**
     * @param array<string, string> $known as known()
     * @return list<string> component and both versions, in words; empty when the code is as new as the database
     */
    public static function older(array $known, Code $code): array
    {
        $older = array_filter(
            array_intersect_key($code->versions, $known),
            static fn (string $version, string $component) => (float) $version < (float) $known[$component],
            ARRAY_FILTER_USE_BOTH,
        );
        ksort($older);
        return array_map(
            static fn (string $component, string $version) => "$component (database: $known[$component], image: $version)",
            array_keys($older),
            $older,
        );
    }
}
