<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\TaskLoop;

/** adhoc: adhoc tasks only (file conversion, course copies, notifications). */
final class Adhoc implements Command
{
    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        return (new TaskLoop(SiteSettings::prepare('site'), 'adhoc_task', ['--execute']))->run();
    }
}
