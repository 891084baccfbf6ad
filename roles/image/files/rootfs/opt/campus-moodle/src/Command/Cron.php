<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\TaskLoop;

/** cron: scheduled and adhoc tasks. Several containers may run it; Moodle's own limits hold. */
final class Cron implements Command
{
    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        return (new TaskLoop(SiteSettings::prepare('site'), 'cron'))->run();
    }
}
