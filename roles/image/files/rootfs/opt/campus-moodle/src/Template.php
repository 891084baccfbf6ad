<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Fills {{names}} in the files under templates/. */
final class Template
{
    /** What a form adds to the file that it uploads. */
    private const FORM_BYTES = 6 << 20;

    /**
     * @param array<string, string|int> $values
     */
    public static function render(string $name, array $values): string
    {
        $text = (string) file_get_contents(__DIR__ . "/../templates/$name");
        return self::fill($text, $values);
    }

    /** @param array<string, string|int> $values */
    public static function fill(string $text, array $values): string
    {
        return preg_replace_callback(
            '/\{\{(\w+)\}\}/',
            static fn (array $match) => (string) ($values[$match[1]] ?? throw new \LogicException("A template has no value for {$match[1]}.")),
            $text,
        );
    }

    /** The largest request body for the largest file, the same for the web server and PHP. */
    public static function bodyBytes(int $uploadBytes): int
    {
        return $uploadBytes + self::FORM_BYTES;
    }
}
