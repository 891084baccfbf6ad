<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Log;
use Campus\Moodle\TaskReport;

/** tasks [--since=SECONDS]: when cron ran last, what waits, runs and fails. The log counts for a day, or for the given time. */
final class Tasks implements Command
{
    private const DAY = '86400';

    public function run(array $arguments): int
    {
        $since = Arguments::options($arguments, ['--since'])['--since'] ?? self::DAY;
        Arguments::allow($arguments, []);
        if (!ctype_digit($since)) {
            throw Failure::because(ExitCode::USAGE, 'usage', "--since needs a number of seconds, not '$since'.");
        }
        [, $database] = FinishedSite::open();
        Log::result((new TaskReport($database, time()))->make((int) $since));
        return ExitCode::OK;
    }
}
