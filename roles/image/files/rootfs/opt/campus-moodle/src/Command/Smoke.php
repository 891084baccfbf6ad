<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;
use Campus\Moodle\Log;

/**
 * What a smoke test of the site needs that is no business of other commands:
 *
 * smoke begin --name=NAME  removes what cut runs left, agrees to the policies for the account NAME, and queues a task
 * smoke task --id=ID       whether that task waits, runs, has failed or is done
 * smoke end --name=NAME    removes account, course and task of the run, and what cut runs left
 *
 * NAME begins with PREFIX, and so does everything that is removed. The account NAME has the address NAME@DOMAIN, the course NAME has
 * it as short name and as idnumber: all of that has to fit, so that nothing of a user's is taken for ours.
 */
final class Smoke implements Command
{
    public const PREFIX = 'campus-verify-';
    /** Moodle sends nothing to names that end so. */
    public const DOMAIN = 'campus-verify.invalid';
    /** What is older was left by a run that was cut: none takes so long. */
    public const LEFT_SECONDS = 6 * 3600;

    public function run(array $arguments): int|Inside
    {
        $options = Arguments::options($arguments, ['--name', '--id']);
        $verb = Arguments::word($arguments, ['begin', 'task', 'end']);
        return $verb === 'task' ? self::look($options['--id'] ?? '') : self::inside($verb, $options['--name'] ?? '');
    }

    private static function inside(string $verb, string $name): Inside
    {
        if (!preg_match('/^' . self::PREFIX . '[a-z0-9]{8,40}$/', $name)) {
            throw Failure::because(ExitCode::USAGE, 'usage', '--name must begin with ' . self::PREFIX . ' and go on with 8 to 40 letters and digits.');
        }
        FinishedSite::open(current: true);
        return new Inside('smoke', ['verb' => $verb, 'name' => $name], static fn (array $found) => $found['answer']);
    }

    private static function look(string $id): int
    {
        if (!ctype_digit($id)) {
            throw Failure::because(ExitCode::USAGE, 'usage', '--id needs the number that smoke begin answered.');
        }
        [, $database] = FinishedSite::open();
        $sql = "SELECT timestarted, faildelay FROM {$database->prefix}task_adhoc WHERE id = ?";
        $row = $database->rows($sql, [$id])[0] ?? null;
        Log::result(['state' => match (true) {
            $row === null => 'done',
            $row['timestarted'] !== null => 'running',
            (int) $row['faildelay'] > 0 => 'failed',
            default => 'waiting',
        }]);
        return ExitCode::OK;
    }
}
