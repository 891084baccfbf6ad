<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * The environment of a container, checked and converted. One table says what exists; docs/reference/image.md explains each name.
 *
 * A name that ends in _FILE names a mounted secret file; its content is available under the name without _FILE, and giving
 * the secret itself in the environment is refused, because environments are shown in listings.
 */
final class Environment
{
    /** Who needs a variable. */
    private const ALL = 'all';
    private const WEB = 'web';
    private const SITE = 'site';
    private const PHP = 'php';
    private const INSTALL = 'install';

    /** What each kind of process reads; a process is never asked for a secret that it does not need. */
    private const READS = [
        'web' => [self::ALL, self::WEB],
        'site' => [self::ALL, self::SITE],
        'php' => [self::ALL, self::SITE, self::PHP],
        'install' => [self::ALL, self::SITE, self::INSTALL],
    ];

    public const REQUIRED = '(required)';

    /** name => [type (a check of Values), default, who needs it, further arguments of the check] */
    public const VARIABLES = [
        'MOODLE_URL' => ['url', self::REQUIRED, self::SITE],
        'MOODLE_ENVIRONMENT' => ['choice', 'production', self::ALL, ['production', 'development']],
        'MOODLE_SITE_ID' => ['uuid', '', self::SITE],
        'MOODLE_UPLOAD_MAX' => ['size', '200M', self::ALL],

        'MOODLE_DATABASE_HOST' => ['host', self::REQUIRED, self::SITE],
        'MOODLE_DATABASE_PORT' => ['port', '5432', self::SITE],
        'MOODLE_DATABASE_NAME' => ['text', 'moodle', self::SITE],
        'MOODLE_DATABASE_USER' => ['text', 'moodle', self::SITE],
        'MOODLE_DATABASE_PASSWORD_FILE' => ['secret', self::REQUIRED, self::SITE],
        'MOODLE_DATABASE_PREFIX' => ['prefix', 'mdl_', self::SITE],
        'MOODLE_DATABASE_SSLMODE' => ['choice', 'disable', self::SITE, ['disable', 'require', 'verify-full']],
        'MOODLE_DATABASE_SSLROOTCERT' => ['file', '', self::SITE],
        'MOODLE_DATABASE_POOLER_HOST' => ['endpoint', '', self::SITE],
        'MOODLE_DATABASE_POOLER_PORT' => ['port', '6432', self::SITE],
        'MOODLE_DATABASE_WAIT' => ['seconds', '60', self::SITE],

        'MOODLE_SESSION_HOST' => ['endpoint', '', self::SITE],
        'MOODLE_SESSION_PORT' => ['port', '6379', self::SITE],
        'MOODLE_SESSION_PASSWORD_FILE' => ['secret', '', self::SITE],
        'MOODLE_CACHE_HOST' => ['endpoint', '', self::SITE],
        'MOODLE_CACHE_PORT' => ['port', '6379', self::SITE],
        'MOODLE_CACHE_PASSWORD_FILE' => ['secret', '', self::SITE],

        'MOODLE_SMTP_HOST' => ['host', '', self::SITE],
        'MOODLE_SMTP_PORT' => ['port', '25', self::SITE],
        'MOODLE_SMTP_USER' => ['text', '', self::SITE],
        'MOODLE_SMTP_PASSWORD_FILE' => ['secret', '', self::SITE],
        'MOODLE_SMTP_SECURITY' => ['choice', 'none', self::SITE, ['none', 'tls', 'ssl']],
        'MOODLE_NOREPLY_ADDRESS' => ['email', '', self::SITE],
        'MOODLE_NO_EMAIL' => ['boolean', 'false', self::SITE],

        'MOODLE_REVERSE_PROXY' => ['boolean', 'false', self::SITE],
        'MOODLE_SALT_FILE' => ['salt', '', self::SITE],
        'MOODLE_FORCED_SETTINGS' => ['settings', '{}', self::SITE],
        'MOODLE_CRON_KEEP_ALIVE' => ['seconds', '180', self::SITE],

        'MOODLE_ADMIN_USER' => ['username', 'admin', self::INSTALL],
        'MOODLE_ADMIN_PASSWORD_FILE' => ['secret', self::REQUIRED, self::INSTALL],
        'MOODLE_ADMIN_EMAIL' => ['email', self::REQUIRED, self::INSTALL],
        'MOODLE_FULL_NAME' => ['text', 'Moodle', self::INSTALL],
        'MOODLE_SHORT_NAME' => ['text', 'moodle', self::INSTALL],
        'MOODLE_LANGUAGE' => ['language', 'en', self::INSTALL],

        'MOODLE_PHP_WORKERS' => ['workers', '', self::PHP],
        'MOODLE_PHP_MEMORY_LIMIT' => ['size', '256M', self::PHP],

        'MOODLE_PHP_HOST' => ['host', 'php', self::WEB],
        'MOODLE_PHP_PORT' => ['port', '9000', self::ALL],
        'MOODLE_TRUSTED_PROXIES' => ['networks', '', self::WEB],
    ];

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
        foreach (self::VARIABLES as $name => $row) {
            [$type, $default, $reader] = $row;
            if (!in_array($reader, self::READS[$process], true)) {
                continue;
            }
            try {
                $values[self::key($name)] = self::value($name, $type, $default, $environment[$name] ?? '', $row[3] ?? []);
            } catch (\InvalidArgumentException $wrong) {
                $sentences[] = "$name {$wrong->getMessage()}";
            }
        }
        $sentences = [...$sentences, ...self::contradictions($values)];
        return $sentences === [] ? $values : throw new Failure(ExitCode::USAGE, 'environment', $sentences);
    }

    /** @param list<string> $choices */
    private static function value(string $name, string $type, string $default, string $given, array $choices): mixed
    {
        if ($given === '' && $default === self::REQUIRED) {
            throw new \InvalidArgumentException('is not set; it is required.');
        }
        $text = $given === '' ? $default : $given;
        return $text === '' ? self::nothing($type) : Values::{$type}($text, $choices);
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
        foreach (array_keys(self::VARIABLES) as $name) {
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
        $has = static fn (string $name) => ($values[$name] ?? '') !== '';
        $checks = [
            'MOODLE_DATABASE_SSLMODE is verify-full, but MOODLE_DATABASE_SSLROOTCERT does not name the certificate authority.'
                => ($values['MOODLE_DATABASE_SSLMODE'] ?? '') === 'verify-full' && !$has('MOODLE_DATABASE_SSLROOTCERT'),
            'MOODLE_SMTP_USER is set, but MOODLE_SMTP_PASSWORD_FILE is not.' => $has('MOODLE_SMTP_USER') && !$has('MOODLE_SMTP_PASSWORD'),
            'MOODLE_SMTP_PASSWORD_FILE is set, but MOODLE_SMTP_HOST is not.' => $has('MOODLE_SMTP_PASSWORD') && !$has('MOODLE_SMTP_HOST'),
        ];
        return array_keys(array_filter($checks));
    }
}
