<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** What was baked into the image. */
final class Image
{
    /**
     * The facts that the builder wrote.
     *
     * @return array<string, mixed> branch, release, version, layout, php, plugins, languages, payload, tag
     */
    public static function facts(): array
    {
        $text = @file_get_contents(Paths::IMAGE_FACTS);
        $facts = $text === false ? null : json_decode($text, true);
        if (!is_array($facts)) {
            throw Failure::because(ExitCode::REFUSED, 'image', Paths::IMAGE_FACTS . ' is missing or is not JSON: this is not a finished site image.');
        }
        return $facts;
    }

    /** The folder that the web server serves and that holds lib/: the top for 4.5 and 5.0, public/ from 5.1 on. */
    public static function webroot(string $code = Paths::CODE): string
    {
        return is_dir("$code/public/lib") ? "$code/public" : $code;
    }

    /** 'classic' (4.5, 5.0) or 'public' (5.1 and later). */
    public static function layout(string $code = Paths::CODE): string
    {
        return self::webroot($code) === $code ? 'classic' : 'public';
    }

    /**
     * Which of our own classes stand in for Moodle's: those that fit the Moodle in the image; none where the code is being edited.
     *
     * @return array{strings: bool, caches: bool} Web\StringManager and Cache\Factory
     */
    public static function standIns(string $environment): array
    {
        $baked = $environment === 'production' && is_file(Paths::BAKED_VERSIONS) ? require Paths::BAKED_VERSIONS : [];
        return ['strings' => $baked['strings'] ?? false, 'caches' => $baked['caches'] ?? false];
    }

    /** A command-line script of Moodle; admin/cli stands at the top in both layouts. */
    public static function script(string $name): string
    {
        return Paths::CODE . "/admin/cli/$name.php";
    }

    /**
     * The version of the code, read from version.php without running Moodle.
     *
     * @return array{version: string, release: string, branch: string}
     */
    public static function codeVersion(string $code = Paths::CODE): array
    {
        $text = (string) @file_get_contents(self::webroot($code) . '/version.php');
        $found = [];
        foreach (['version', 'release', 'branch'] as $name) {
            if (!preg_match('/^\s*\$' . $name . '\s*=\s*[\'"]?([^\'";]+)[\'"]?\s*;/m', $text, $match)) {
                throw Failure::because(ExitCode::REFUSED, 'code', self::webroot($code) . "/version.php does not name a $name: the code in the image is not Moodle.");
            }
            $found[$name] = trim($match[1]);
        }
        return $found;
    }
}
