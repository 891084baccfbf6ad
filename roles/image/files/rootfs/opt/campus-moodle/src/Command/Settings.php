<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Caches;
use Campus\Moodle\Child;
use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Log;
use Campus\Moodle\Mask;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\SiteState;
use Campus\Moodle\WantedSettings;

/**
 * settings [--check]: enforces the settings that come as JSON on standard input, and the place of Moodle's caches. With
 * --check it only says what differs.
 */
final class Settings implements Command
{
    public function run(array $arguments): int
    {
        Arguments::allow($arguments, ['--check']);
        $check = $arguments !== [];
        $wanted = WantedSettings::parse((string) stream_get_contents(STDIN));
        $values = SiteSettings::prepare('site');
        if (SiteState::of(Database::connect($values), $values['MOODLE_SITE_ID'])->state !== SiteState::INSTALLED) {
            throw Failure::because(ExitCode::REFUSED, 'not_installed', 'There is no finished Moodle of this site in the database.');
        }
        $found = Child::inside('settings', [], json_encode(['check' => $check, 'settings' => (object) $wanted], JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE));
        $caches = Caches::apply($values, $check);
        if ($caches['changed']) {
            $found['changed'] = true;
            $found['before']['campus']['cache_server'] = $caches['before'];
            $found['after']['campus']['cache_server'] = $caches['after'];
        }
        foreach ($found['locked'] as $name) {
            Log::line("The setting $name is decided by this image's configuration; the wanted value has no effect.");
        }
        Log::result([
            'changed' => $found['changed'],
            'before' => (object) Mask::settings($found['before'], Mask::SECRET),
            'after' => (object) Mask::settings($found['after'], Mask::NEW_SECRET),
            'locked' => $found['locked'],
        ]);
        return ExitCode::OK;
    }
}
