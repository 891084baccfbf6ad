<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use Campus\Moodle\Cache\Factory;
use Campus\Moodle\Web\StringManager;

/** Turns the checked environment into $CFG, and $CFG into the file that config.php requires. */
final class SiteSettings
{
    /** Reads the environment of this container and writes the settings file. @return array<string, mixed> the values */
    public static function prepare(string $process): array
    {
        $values = Environment::read($process, getenv());
        self::writeFile(Paths::SETTINGS, self::render($values, Image::layout(), self::languages(), Image::standIns($values['MOODLE_ENVIRONMENT'])));
        foreach (['cache', 'request'] as $folder) {
            // Moodle sends no file by X-Accel-Redirect while the request folder is missing.
            @mkdir(Paths::LOCAL_CACHE . "/$folder", 0700);
        }
        return $values;
    }

    /** Writes a file that only the site's user can read, or says what stands in the way. */
    public static function writeFile(string $path, string $text): void
    {
        if (!PrivateFile::replace($path, $text)) {
            throw Failure::because(ExitCode::USAGE, 'run', "Cannot write $path: mount a tmpfs there that belongs to user " . posix_geteuid() . '.');
        }
    }

    /**
     * The settings file. Web requests go through the pooler, everything else connects directly.
     *
     * @param array<string, mixed> $values as Environment::read gives for 'site'
     * @param 'classic'|'public' $layout
     * @param string $languages folder of the image's language packs, '' when it has none
     * @param array{strings: bool, caches: bool} $standIns as Image::standIns gives
     */
    public static function render(array $values, string $layout, string $languages, array $standIns): string
    {
        $text = "<?php\n\n";
        foreach (self::config($values, $layout, $languages) as $name => $value) {
            $text .= self::assignment($name, $value);
        }
        if ($values['MOODLE_DATABASE_SSLROOTCERT'] !== '') {
            $text .= 'putenv(' . var_export('PGSSLROOTCERT=' . $values['MOODLE_DATABASE_SSLROOTCERT'], true) . ");\n";
        }
        // Moodle finds our stand-ins and our task by name.
        $text .= 'require_once ' . var_export(__DIR__ . '/autoload.php', true) . ";\n";
        if ($standIns['caches']) {
            // Command lines too: what they write, pages read.
            $text .= self::assignment('alternative_cache_factory_class', Factory::class);
        }
        $text .= self::pages([
            ...($values['MOODLE_DATABASE_POOLER_HOST'] === '' ? [] : self::pooled($values)),
            ...($standIns['strings'] ? ['customstringmanager' => StringManager::class] : []),
        ]);
        if ($values['MOODLE_ENVIRONMENT'] === 'production') {
            // Installer and upgrade compare the map with the code and would stop at the slightest difference in file order.
            $text .= "\nif (!defined('CACHE_DISABLE_ALL') || !CACHE_DISABLE_ALL) {\n"
                . '$CFG->alternative_component_cache = ' . var_export(Paths::BAKED_COMPONENTS, true) . ";\n}\n";
        }
        return $text;
    }

    /**
     * What only web requests are told.
     *
     * @param array<string, mixed> $config name in $CFG => value
     */
    private static function pages(array $config): string
    {
        if ($config === []) {
            return '';
        }
        $text = "\nif (PHP_SAPI === 'fpm-fcgi') {\n";
        foreach ($config as $name => $value) {
            $text .= self::assignment($name, $value);
        }
        return "$text}\n";
    }

    private static function assignment(string $name, mixed $value): string
    {
        return "\$CFG->$name = " . var_export($value, true) . ";\n";
    }

    /** The folder of the language packs in the image, '' when it has none: then Moodle keeps them in its data folder. */
    public static function languages(): string
    {
        return glob(Paths::LANGUAGES . '/*', GLOB_ONLYDIR) ? Paths::LANGUAGES : '';
    }

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed> name in $CFG => value
     */
    private static function config(array $values, string $layout, string $languages): array
    {
        $forced = $values['MOODLE_FORCED_SETTINGS'];
        $core = $forced['core'] ?? [];
        unset($forced['core']);
        return [
            ...$core,
            'forced_plugin_settings' => $forced,
            ...self::database($values),
            'wwwroot' => $values['MOODLE_URL'],
            // The image speaks http only: with an https address, TLS ends in front of it.
            'sslproxy' => str_starts_with($values['MOODLE_URL'], 'https:'),
            'reverseproxy' => $values['MOODLE_REVERSE_PROXY'],
            // nginx has found the browser's address already; headers from the browser prove nothing.
            'getremoteaddrconf' => 3,
            'routerconfigured' => $layout === 'public',
            'dataroot' => Paths::DATA,
            'directorypermissions' => 02770,
            'localcachedir' => Paths::LOCAL_CACHE . '/cache',
            'localrequestdir' => Paths::LOCAL_CACHE . '/request',
            'xsendfile' => 'X-Accel-Redirect',
            'xsendfilealiases' => ['/dataroot/' => Paths::DATA],
            ...($languages === '' ? [] : ['langotherroot' => $languages]),
            ...self::sessions($values),
            ...self::mail($values),
            ...self::mode($values['MOODLE_ENVIRONMENT']),
            ...self::peppers($values),
        ];
    }

    /**
     * Moodle makes passwords with the pepper of the highest number, and tries all of them when somebody logs in.
     *
     * @param array<string, mixed> $values
     * @return array<string, array<int, string>>
     */
    private static function peppers(array $values): array
    {
        $peppers = array_filter([...preg_split('/\R/', $values['MOODLE_FORMER_PEPPERS']), $values['MOODLE_SALT']], static fn (string $one) => $one !== '');
        return $peppers === [] ? [] : ['passwordpeppers' => array_combine(range(1, count($peppers)), $peppers)];
    }

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed>
     */
    private static function database(array $values): array
    {
        return [
            'dbtype' => 'pgsql',
            'dblibrary' => 'native',
            'dbhost' => $values['MOODLE_DATABASE_HOST'],
            'dbname' => $values['MOODLE_DATABASE_NAME'],
            'dbuser' => $values['MOODLE_DATABASE_USER'],
            'dbpass' => $values['MOODLE_DATABASE_PASSWORD'],
            'prefix' => $values['MOODLE_DATABASE_PREFIX'],
            'dboptions' => [
                'dbpersist' => false,
                'dbport' => $values['MOODLE_DATABASE_PORT'],
                'dbsocket' => '',
                'dbhandlesoptions' => false,
                'connecttimeout' => 10,
                'ssl' => $values['MOODLE_DATABASE_SSLMODE'],
            ],
        ];
    }

    /**
     * What differs for web requests when there is a pooler. It sets the connection options itself (they may not come from
     * the client), and stands next to PHP, so that TLS to the database is its work.
     *
     * @param array<string, mixed> $values
     * @return array<string, mixed>
     */
    private static function pooled(array $values): array
    {
        return [
            'dbhost' => $values['MOODLE_DATABASE_POOLER_HOST'],
            "dboptions['dbport']" => $values['MOODLE_DATABASE_POOLER_PORT'],
            "dboptions['dbhandlesoptions']" => true,
            "dboptions['ssl']" => 'disable',
        ];
    }

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed>
     */
    private static function sessions(array $values): array
    {
        if ($values['MOODLE_SESSION_HOST'] === '') {
            return ['session_handler_class' => '\core\session\database'];
        }
        return [
            'session_handler_class' => '\core\session\redis',
            'session_redis_host' => $values['MOODLE_SESSION_HOST'],
            'session_redis_port' => $values['MOODLE_SESSION_PORT'],
            'session_redis_auth' => Valkey::login($values, 'SESSION'),
            'session_redis_database' => 0,
            'session_redis_prefix' => self::keyPrefix($values),
            // A page that waits for another page of the same user looks every so many ms.
            'session_redis_acquire_lock_retry' => 50,
            'session_redis_acquire_lock_timeout' => 60,
            'session_redis_connection_timeout' => 3,
            'session_redis_max_retries' => 3,
            'session_redis_serializer_use_igbinary' => extension_loaded('igbinary'),
        ];
    }

    /**
     * What keeps the keys of two sites in one server apart.
     *
     * @param array<string, mixed> $values
     */
    public static function keyPrefix(array $values): string
    {
        return $values['MOODLE_SITE_ID'] === '' ? 'moodle_' : 'moodle_' . substr($values['MOODLE_SITE_ID'], 0, 8) . '_';
    }

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed>
     */
    private static function mail(array $values): array
    {
        $settings = $values['MOODLE_NO_EMAIL'] ? ['noemailever' => true] : [];
        $settings['noreplyaddress'] = $values['MOODLE_NOREPLY_ADDRESS'] ?: self::noReply(parse_url($values['MOODLE_URL'], PHP_URL_HOST));
        if ($values['MOODLE_SMTP_HOST'] === '') {
            return $settings;
        }
        return $settings + [
            'smtphosts' => $values['MOODLE_SMTP_HOST'] . ':' . $values['MOODLE_SMTP_PORT'],
            'smtpsecure' => ['none' => '', 'tls' => 'tls', 'ssl' => 'ssl'][$values['MOODLE_SMTP_SECURITY']],
            'smtpuser' => $values['MOODLE_SMTP_USER'],
            'smtppass' => $values['MOODLE_SMTP_PASSWORD'],
        ];
    }

    /** Without an address, Moodle greets its first administrator with a form that asks for one. */
    private static function noReply(string $host): string
    {
        return filter_var("noreply@$host", FILTER_VALIDATE_EMAIL) ? "noreply@$host" : 'noreply@localhost.localdomain';
    }

    /** @return array<string, mixed> */
    private static function mode(string $environment): array
    {
        if ($environment === 'development') {
            return ['debug' => 32767, 'debugdisplay' => true, 'cachejs' => false, 'cachetemplates' => false, 'langstringcache' => false, 'disableupdateautodeploy' => true];
        }
        return [
            // The code is in the image: nothing may be installed, deployed or executed from the browser.
            'disableupdateautodeploy' => true,
            'disableupdatenotifications' => true,
            'preventexecpath' => true,
            'uninstallclionly' => true,
            'debugdisplay' => false,
        ];
    }
}
