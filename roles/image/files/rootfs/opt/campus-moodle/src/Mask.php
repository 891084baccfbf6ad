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

    private const SECRET_NAME = '/pass(word|wd|phrase)?|secret|token|salt|pepper|private|credential|api_?key|(^|_)key$|auth_?key|siteidentifier/i';

    public static function isSecret(string $name): bool
    {
        return preg_match(self::SECRET_NAME, $name) === 1;
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
