<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Inside;
use Campus\Moodle\Log;
use Campus\Moodle\MaintenanceMode;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\SiteState;

/**
 * maintenance on|off|later|status [--minutes=N] [--message=HTML] [--check]: closes the site, opens it, closes it in a while
 * and tells its users so, or says which.
 */
final class Maintenance implements Command
{
    public function run(array $arguments): int|Inside
    {
        $options = Arguments::options($arguments, ['--minutes', '--message', '--check']);
        $word = Arguments::word($arguments, ['on', 'off', 'later', 'status']);
        $values = SiteSettings::prepare('site');
        $database = Database::connect($values);
        if (!SiteState::of($database, $values['MOODLE_SITE_ID'])->usable) {
            throw Failure::because(ExitCode::REFUSED, 'not_installed', 'There is no finished Moodle of this site in the database.');
        }
        $before = MaintenanceMode::of($database);
        $after = $word === 'status' ? $before : $before->with($word, $options['--message'] ?? null, self::minutes($word, $options));
        $answer = [
            'changed' => !$after->equals($before),
            'maintenance' => $after->state === MaintenanceMode::ON,
            'before' => ['state' => $before->state, 'message' => $before->message],
            'after' => ['state' => $after->state, 'message' => $after->message],
            'begins' => $after->begins,
        ];
        if ($answer['changed'] && !isset($options['--check'])) {
            return new Inside('maintenance', get_object_vars($after), static fn () => $answer);
        }
        Log::result($answer);
        return ExitCode::OK;
    }

    /** @param array<string, string> $options */
    private static function minutes(string $word, array $options): int
    {
        $minutes = $options['--minutes'] ?? '';
        if (($word === MaintenanceMode::LATER) !== (ctype_digit($minutes) && (int) $minutes > 0)) {
            throw Failure::because(ExitCode::USAGE, 'usage', 'Give a number of minutes, as in --minutes=30, with later, and only there.');
        }
        return (int) $minutes;
    }
}
