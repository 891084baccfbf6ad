<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Log;
use Campus\Moodle\MaintenanceMode;
use Campus\Moodle\MoodleScript;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\SiteState;

/** maintenance on|off|status: closes the site, opens it, or says which. */
final class Maintenance implements Command
{
    public function run(array $arguments): int
    {
        $word = Arguments::word($arguments, ['on', 'off', 'status']);
        $values = SiteSettings::prepare('site');
        $database = Database::connect($values);
        if (!SiteState::of($database, $values['MOODLE_SITE_ID'])->usable) {
            throw Failure::because(ExitCode::REFUSED, 'not_installed', 'There is no finished Moodle of this site in the database.');
        }
        $isOn = MaintenanceMode::isOn($database);
        $changed = $word !== 'status' && $isOn !== ($word === 'on');
        if ($changed) {
            MoodleScript::must('maintenance', [$word === 'on' ? '--enable' : '--disable'], quiet: true);
        }
        Log::result(['changed' => $changed, 'maintenance' => $changed ? !$isOn : $isOn]);
        return ExitCode::OK;
    }
}
