<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Process;
use Campus\Moodle\SiteSettings;

/** exec COMMAND...: runs a command in this container's place, with the site's settings rendered. */
final class Exec implements Command
{
    public function run(array $arguments): int
    {
        if ($arguments === []) {
            throw Failure::because(ExitCode::USAGE, 'usage', 'exec needs a command, for example: exec php admin/cli/cfg.php.');
        }
        SiteSettings::prepare('site');
        Process::become($arguments);
    }
}
