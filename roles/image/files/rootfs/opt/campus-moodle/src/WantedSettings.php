<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The settings that somebody wants, as text in JSON. */
final class WantedSettings
{
    /**
     * @param string $json {"core": {"name": value}, "mod_forum": {...}}; nothing at all means none
     * @return array<string, array<string, ?string>> values as Moodle stores them: text; null removes a setting
     */
    public static function parse(string $json): array
    {
        $given = trim($json) === '' ? [] : json_decode($json, true);
        if (!is_array($given) || ($given !== [] && array_is_list($given))) {
            throw Failure::because(ExitCode::USAGE, 'settings', 'Standard input must be a JSON object such as {"core": {"country": "DE"}}.');
        }
        $wanted = [];
        $sentences = [];
        foreach ($given as $component => $values) {
            if (!preg_match('/^[a-z][a-z0-9_]*$/', (string) $component) || !is_array($values)) {
                $sentences[] = "The settings of '$component' must be an object, under 'core' or the name of a component.";
                continue;
            }
            if ($component === 'moodle') {
                // Moodle reads it as another name of core and writes it as a component of its own.
                $sentences[] = "The component of core settings is called core here, not moodle.";
                continue;
            }
            foreach ($values as $name => $value) {
                if (!preg_match('/^[\w-]+$/', (string) $name) || is_array($value)) {
                    $sentences[] = "The setting $component/$name must have a plain name and a text, number, boolean or null as its value.";
                    continue;
                }
                $wanted[$component][$name] = self::stored($value);
            }
        }
        return $sentences === [] ? $wanted : throw new Failure(ExitCode::USAGE, 'settings', $sentences);
    }

    private static function stored(mixed $value): ?string
    {
        return match (true) {
            $value === null => null,
            is_bool($value) => $value ? '1' : '0',
            default => (string) $value,
        };
    }
}
