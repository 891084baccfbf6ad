<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Keeps secret values out of results and logs. */
final class Mask
{
    public const SECRET = '(secret)';
    /** Differs from SECRET, so that a diff shows that there is a change. */
    public const NEW_SECRET = '(secret, changed)';

    /** Whether the value of a setting is a secret; the file says how a name tells. */
    public static function isSecret(string $name): bool
    {
        static $rule = null;
        $rule ??= json_decode((string) file_get_contents(Paths::ETC . '/secret-names.json'), true, flags: JSON_THROW_ON_ERROR);
        $bare = rtrim(strtolower($name), '0123456789_');
        return (in_array($bare, $rule['names'], true) || self::endsInOneOf($bare, $rule['endings'])) && !self::endsInOneOf($bare, $rule['open']);
    }

    /** @param list<string> $endings */
    private static function endsInOneOf(string $name, array $endings): bool
    {
        return array_filter($endings, static fn (string $ending) => str_ends_with($name, $ending)) !== [];
    }

    /**
     * @param array<string, array<string, ?string>> $settings component => name => value
     * @return array<string, array<string, ?string>>
     */
    public static function settings(array $settings, string $mask): array
    {
        foreach ($settings as $component => $values) {
            foreach ($values as $name => $value) {
                if ($value !== null && $value !== '' && self::isSecret((string) $name)) {
                    $settings[$component][$name] = $mask;
                }
            }
        }
        return $settings;
    }
}
