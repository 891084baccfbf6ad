<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * The environment of a container, checked and converted. etc/environment.json says what exists: for each name its type (a check of
 * Values), its default or that it is required, the choices, what else it needs, and who reads it. docs/reference/image.md is written from it,
 * and the collection gives the variables that have an option of the same name.
 *
 * A name that ends in _FILE names a mounted secret file; its content is available under the name without _FILE, and giving
 * the secret itself in the environment is refused, because environments are shown in listings.
 */
final class Environment
{
    /** What each kind of process reads; a process is never asked for a secret that it does not need. */
    private const READS = [
        'web' => ['all', 'web'],
        'site' => ['all', 'site'],
        'php' => ['all', 'site', 'php'],
        'install' => ['all', 'site', 'install'],
    ];

    /** @return array<string, array<string, mixed>> name => its row of the table */
    public static function variables(): array
    {
        static $rows = null;
        return $rows ??= json_decode((string) file_get_contents(Paths::ETC . '/environment.json'), true, flags: JSON_THROW_ON_ERROR);
    }

    /**
     * @param 'web'|'site'|'php'|'install' $process
     * @param array<string, string> $environment
     * @return array<string, mixed> every variable that the process reads; secrets under their name without _FILE
     * @throws Failure with one sentence for each wrong value
     */
    public static function read(string $process, array $environment): array
    {
        $values = [];
        $sentences = self::openSecrets($environment);
        foreach (self::variables() as $name => $row) {
            if (!in_array($row['reader'], self::READS[$process], true)) {
                continue;
            }
            try {
                $values[self::key($name)] = self::value($row, $environment[$name] ?? '');
            } catch (\InvalidArgumentException $wrong) {
                $sentences[] = "$name {$wrong->getMessage()}";
            }
        }
        $sentences = [...$sentences, ...self::contradictions($values)];
        return $sentences === [] ? $values : throw new Failure(ExitCode::USAGE, 'environment', $sentences);
    }

    /** @param array<string, mixed> $row */
    private static function value(array $row, string $given): mixed
    {
        if ($given === '' && ($row['required'] ?? false)) {
            throw new \InvalidArgumentException('is not set; it is required.');
        }
        $text = $given === '' ? $row['default'] : $given;
        return $text === '' ? self::nothing($row['type']) : Values::{$row['type']}($text, $row['choices'] ?? []);
    }

    /** What a variable without value and without default means. */
    private static function nothing(string $type): mixed
    {
        return match ($type) {
            'networks' => [],
            'workers' => null,
            default => '',
        };
    }

    private static function key(string $name): string
    {
        return str_ends_with($name, '_FILE') ? substr($name, 0, -5) : $name;
    }

    /**
     * @param array<string, string> $environment
     * @return list<string>
     */
    private static function openSecrets(array $environment): array
    {
        $sentences = [];
        foreach (array_keys(self::variables()) as $name) {
            $open = self::key($name);
            if ($open !== $name && ($environment[$open] ?? '') !== '') {
                $sentences[] = "$open is a secret and must not be in the environment; put it into a file and name the file in $name.";
            }
        }
        return $sentences;
    }

    /**
     * What no single value shows.
     *
     * @param array<string, mixed> $values
     * @return list<string>
     */
    private static function contradictions(array $values): array
    {
        $has = static fn (string $name) => ($values[self::key($name)] ?? '') !== '';
        $sentences = [];
        foreach (self::variables() as $name => $row) {
            if (isset($row['needs']) && $has($name) && !$has($row['needs'])) {
                $sentences[] = "$name is set, but {$row['needs']} is not.";
            }
        }
        if (($values['MOODLE_DATABASE_SSLMODE'] ?? '') === 'verify-full' && !$has('MOODLE_DATABASE_SSLROOTCERT')) {
            $sentences[] = 'MOODLE_DATABASE_SSLMODE is verify-full, but MOODLE_DATABASE_SSLROOTCERT does not name the certificate authority.';
        }
        return $sentences;
    }
}
