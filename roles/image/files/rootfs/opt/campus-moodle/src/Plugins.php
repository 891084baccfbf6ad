<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Plugins that the database knows and the code lacks. */
final class Plugins
{
    /** @return list<string> component names; empty when all is there */
    public static function missing(Database $database, Code $code): array
    {
        $known = array_column($database->rows("SELECT DISTINCT plugin FROM {$database->prefix}config_plugins WHERE name = 'version'"), 'plugin');
        $missing = array_values(array_filter(
            array_diff($known, $code->plugins),
            static fn (string $component) => str_contains($component, '_') && !str_starts_with($component, 'core_'),
        ));
        if ($missing === []) {
            return [];
        }
        sort($missing);
        return array_values(array_diff($missing, Child::inside('removed', $missing)['removed']));
    }
}
