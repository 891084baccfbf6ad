<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Limits;
use Campus\Moodle\Paths;
use Campus\Moodle\PoolSize;
use Campus\Moodle\Process;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\Template;

/** php: PHP-FPM in the foreground, with as many workers as the container's limits allow. */
final class Php implements Command
{
    public const CONFIG = Paths::RUN . '/php-fpm.conf';

    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        $values = SiteSettings::prepare('php');
        $limits = new Limits();
        SiteSettings::writeFile(self::CONFIG, Template::render('php-fpm.conf', [
            'port' => $values['MOODLE_PHP_PORT'],
            'workers' => $values['MOODLE_PHP_WORKERS'] ?? PoolSize::workers($limits->memory(), $limits->cpus()),
            'memory_limit' => $values['MOODLE_PHP_MEMORY_LIMIT'],
            'upload_max' => $values['MOODLE_UPLOAD_MAX'],
            'post_max' => Template::bodyBytes($values['MOODLE_UPLOAD_MAX']),
        ]));
        $editing = $values['MOODLE_ENVIRONMENT'] === 'development' ? ['-d', 'opcache.validate_timestamps=1', '-d', 'opcache.revalidate_freq=0'] : [];
        Process::become([Process::newest('/usr/sbin/php-fpm*'), '--nodaemonize', '--fpm-config', self::CONFIG, ...$editing]);
    }
}
