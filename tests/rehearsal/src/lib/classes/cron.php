<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core;

use core\local\cli\shutdown;
use core\task\manager;

defined('MOODLE_INTERNAL') || die();

/** Runs what is due, within the limits of the site. */
class cron {
    private const LONGEST_KEEP_ALIVE = 900;

    /** @param int|null $keepalive seconds to go on looking for tasks, null takes the setting */
    public static function run_main_process(?int $keepalive = null): void {
        self::refuse_when_closed();
        $start = time();
        mtrace('Server Time: ' . date('r', $start) . "\n");
        $last = (int) get_config('tool_task', 'lastcronstart');
        set_config('lastcronstart', $start, 'tool_task');
        $last > 0 && set_config('lastcroninterval', max(1, $start - $last), 'tool_task');

        manager::cleanup_metadata();

        $keepalive ??= (int) get_config('core', 'cron_keepalive');
        if ($keepalive > self::LONGEST_KEEP_ALIVE) {
            mtrace('Cron keepalive time is too long, reducing to 15 minutes.');
            $keepalive = self::LONGEST_KEEP_ALIVE;
        }
        do {
            $began = microtime(true);
            self::run_scheduled_tasks(time(), $start);
            self::run_adhoc_tasks(time(), 0, true, $start);
            mtrace('Cron run completed correctly');
            $remaining = $start + $keepalive - time();
            $seconds = number_format(microtime(true) - $began, 3);
            $again = $remaining > 0 && !self::should_stop($start);
            mtrace("Cron completed at " . date('H:i:s') . " in $seconds seconds."
                . ($again ? " Continuing to check for tasks for $remaining more seconds." : ''));
            $again && sleep(1);
        } while ($again && !self::should_stop($start));
    }

    /** Ends the script with code 1 in maintenance mode and while an upgrade is pending. */
    public static function refuse_when_closed(): void {
        $reason = CLI_MAINTENANCE ? 'CLI maintenance mode active' : (moodle_needs_upgrading() ? 'Moodle upgrade pending' : '');
        if ($reason !== '') {
            echo "$reason, cron execution suspended.\n";
            exit(1);
        }
    }

    public static function run_scheduled_tasks(int $now, int $processstart): void {
        $limit = (int) get_config('core', 'task_scheduled_concurrency_limit');
        $lock = self::runner_lock('scheduled_task_runner', $limit);
        if ($lock === null) {
            mtrace('Skipping processing of scheduled tasks. Concurrency limit reached.');
            return;
        }
        $end = time() + (int) get_config('core', 'task_scheduled_max_runtime');
        while (time() <= $end && !self::should_stop($processstart) && ($task = manager::get_next_scheduled_task($now)) !== null) {
            self::run_task($task, 'scheduled task');
        }
        $lock->release();
    }

    /** @param int|null $maxtasks null for no limit */
    public static function run_adhoc_tasks(
        int $now,
        int $keepalive = 0,
        bool $checklimits = true,
        ?int $processstart = null,
        ?int $maxtasks = null,
        string $classname = '',
        bool $failed = false,
    ): void {
        $limit = $checklimits ? (int) get_config('core', 'task_adhoc_concurrency_limit') : PHP_INT_MAX;
        $lock = self::runner_lock('adhoc_task_runner', $limit);
        if ($lock === null) {
            mtrace('Skipping processing of adhoc tasks. Concurrency limit reached.');
            return;
        }
        $start = time();
        $processstart ??= $start;
        $end = $checklimits ? $start + (int) get_config('core', 'task_adhoc_max_runtime') : PHP_INT_MAX;
        $count = 0;
        while (time() <= $end && !self::should_stop($processstart) && ($maxtasks === null || $count < $maxtasks)) {
            $task = manager::get_next_adhoc_task(time(), $classname, $failed);
            if ($task !== null) {
                self::run_task($task, 'adhoc task');
                $count++;
            } elseif (time() < $start + $keepalive) {
                sleep(1);
            } else {
                break;
            }
        }
        mtrace("Ran $count adhoc tasks found at " . date('r', $now));
        $lock->release();
    }

    public static function run_adhoc_task(int $id): void {
        $task = manager::get_adhoc_task($id);
        $task === null ? mtrace("Adhoc task $id is not queued or runs elsewhere.") : self::run_task($task, 'adhoc task');
    }

    /** Runs one task; whatever it throws ends this task only. The log row keeps its output. */
    public static function run_task(task\task_base $task, string $kind): bool {
        global $DB;
        [$start, $reads, $writes] = [microtime(true), $DB->reads, $DB->writes];
        $output = "Execute $kind: " . get_class($task) . "\n... started " . date('H:i:s') . ". Process id " . getmypid() . ".\n";
        mtrace($output, '');
        ob_start(static function (string $text) use (&$output): string {
            $output .= $text;
            return $text;
        }, 1);
        try {
            $task->execute();
            $success = true;
        } catch (\Throwable $error) {
            $success = false;
            echo get_class($error) . ': ' . $error->getMessage() . "\n";
        }
        ob_end_flush();
        manager::finished($task, $success);
        mtrace(($success ? ucfirst($kind) . ' complete: ' : ucfirst($kind) . ' failed: ') . get_class($task));
        $DB->insert_record('task_log', [
            'type' => $task instanceof task\scheduled_task ? 0 : 1, 'component' => $task->record->component,
            'classname' => get_class($task), 'userid' => 0, 'timestart' => $start, 'timeend' => microtime(true),
            'dbreads' => $DB->reads - $reads, 'dbwrites' => $DB->writes - $writes, 'result' => $success ? 0 : 1,
            'output' => $output, 'hostname' => (string) gethostname(), 'pid' => getmypid(),
        ]);
        return $success;
    }

    private static function should_stop(int $processstart): bool {
        return shutdown::should_gracefully_exit() || manager::static_caches_cleared_since($processstart);
    }

    /** @return lock\lock|null the first free of $limit places for runners */
    private static function runner_lock(string $name, int $limit): ?lock\lock {
        $factory = lock\lock_config::get_lock_factory('cron');
        for ($place = 0; $place < $limit; $place++) {
            $lock = $factory->get_lock("{$name}_$place", 0);
            if ($lock !== false) {
                return $lock;
            }
        }
        return null;
    }
}
