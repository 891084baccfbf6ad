<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The settings that are requested, as text in JSON: what can be one, and how Moodle stores it. */
final class RequestedSettings
{
    /**
     * @param string $json {"core": {"name": value}, "mod_forum": {...}}; nothing at all means none
     * @return array<string, array<string, ?string>> values as Moodle stores them: text; null removes a setting
     */
    public static function parse(string $json): array
    {
        $given = trim($json) === '' ? [] : json_decode($json, true, flags: JSON_BIGINT_AS_STRING);
        if (!self::isObject($given)) {
            throw Failure::because(ExitCode::USAGE, 'invalid', 'Standard input must be a JSON object such as {"core": {"country": "DE"}}.');
        }
        $requested = [];
        $sentences = [];
        foreach ($given as $component => $values) {
            if (!preg_match('/^[a-z][a-z0-9_]*$/', (string) $component) || !self::isObject($values)) {
                $sentences[] = "The settings of '$component' must be an object, under 'core' or the name of a component.";
                continue;
            }
            if ($component === 'moodle') {
                // Moodle reads it as another name of core and writes it as a component of its own.
                $names = implode(', ', array_keys($values)) ?: 'them';
                $sentences[] = "The component of core settings is called core here, so write $names below core and not below moodle.";
                continue;
            }
            foreach ($values as $name => $value) {
                if (!preg_match('/^[\w-]+$/', (string) $name) || is_array($value)) {
                    $sentences[] = "The setting $component/$name must have a plain name and a text, number, boolean or null as its value.";
                    continue;
                }
                $requested[$component][$name] = self::stored($value);
            }
        }
        return $sentences === [] ? $requested : throw new Failure(ExitCode::USAGE, 'invalid', $sentences);
    }

    /** An empty one of PHP is a list as well. */
    private static function isObject(mixed $values): bool
    {
        return is_array($values) && ($values === [] || !array_is_list($values));
    }

    private static function stored(mixed $value): ?string
    {
        return match (true) {
            $value === null => null,
            is_bool($value) => $value ? '1' : '0',
            // 2.0 stays 2.0, as it was written.
            is_float($value) => json_encode($value, JSON_PRESERVE_ZERO_FRACTION),
            default => (string) $value,
        };
    }
}
