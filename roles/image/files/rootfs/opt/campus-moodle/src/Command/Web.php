<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Environment;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Image;
use Campus\Moodle\Limits;
use Campus\Moodle\Paths;
use Campus\Moodle\Process;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\Template;

/** web: nginx in the foreground on port 8080. It knows no secret of the site. */
final class Web implements Command
{
    private const CONFIG = Paths::RUN . '/nginx.conf';
    private const FASTCGI = Paths::RUN . '/fastcgi.conf';

    /** From 5.1 on, Moodle answers addresses that are no files with one script. */
    private const ROUTER = '
        location = /r.php {
            set $script /r.php;
            set $path_info "";
            if ($way_to_php) { return 418; }
            include %s;
        }
';

    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        $values = Environment::read('web', getenv());
        $webroot = Image::webroot();
        SiteSettings::writeFile(self::FASTCGI, Template::render('fastcgi.conf', ['webroot' => $webroot]));
        SiteSettings::writeFile(self::CONFIG, self::config($values, $webroot, (new Limits())->cpus(), (string) @file_get_contents('/etc/resolv.conf')));
        Process::become(['nginx', '-c', self::CONFIG, '-e', '/dev/stderr']);
    }

    /**
     * @param array<string, mixed> $values as Environment::read gives for 'web'
     * @param string $resolvers content of resolv.conf
     */
    public static function config(array $values, string $webroot, float $cpus, string $resolvers): string
    {
        $isPublic = str_ends_with($webroot, '/public');
        return Template::render('nginx.conf', [
            'workers' => max(1, (int) ceil($cpus)),
            'body_bytes' => Template::bodyBytes($values['MOODLE_UPLOAD_MAX']),
            'trusted_proxies' => implode("\n", array_map(static fn (string $network) => "    set_real_ip_from $network;", $values['MOODLE_TRUSTED_PROXIES'])),
            'resolvers' => self::resolvers($resolvers),
            'webroot' => $webroot,
            'php' => self::bracket($values['MOODLE_PHP_HOST']) . ':' . $values['MOODLE_PHP_PORT'],
            'fastcgi_include' => self::FASTCGI,
            'fallback' => $isPublic ? '/r.php' : '=404',
            'router' => $isPublic ? sprintf(self::ROUTER, self::FASTCGI) : '',
        ]);
    }

    private static function resolvers(string $text): string
    {
        if (!preg_match_all('/^\s*nameserver\s+([0-9a-f.:]+)/mi', $text, $match)) {
            throw Failure::because(ExitCode::USAGE, 'resolver', 'There is no name server in /etc/resolv.conf, so the PHP service cannot be found.');
        }
        return implode(' ', array_map(self::bracket(...), $match[1]));
    }

    private static function bracket(string $address): string
    {
        return str_contains($address, ':') ? "[$address]" : $address;
    }
}
