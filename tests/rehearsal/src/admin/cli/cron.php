<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

use core\task\manager;

$options = cli_options('Execute periodic cron actions.', [
    'stop' => false, 'list' => false, 'force' => false, 'enable' => false, 'disable' => false, 'disable-wait' => false,
    'keep-alive' => null,
], ['s' => 'stop', 'l' => 'list', 'f' => 'force', 'e' => 'enable', 'd' => 'disable', 'w' => 'disable-wait', 'k' => 'keep-alive']);

/** Ends the script when no task runs any more, with code 1 after $seconds. */
function wait_for_running_tasks(int $seconds): never {
    $end = time() + $seconds;
    $last = 0;
    mtrace('Allocating ' . format_time($seconds) . ' for the tasks to finish.');
    for (;; sleep(1)) {
        $count = count(manager::get_running_tasks());
        if ($count === 0) {
            mtrace("\nAll scheduled and adhoc tasks finished.");
            exit(0);
        }
        if (time() >= $end) {
            mtrace("\nWait time (" . format_time($seconds) . ") elapsed, but $count task(s) still running.\nExiting with code 1.");
            exit(1);
        }
        mtrace($count === $last ? '.' : "\n$count tasks currently running.", '');
        $last = $count;
    }
}

if ($options['stop']) {
    manager::clear_static_caches();
    exit(0);
}
if ($options['enable']) {
    set_config('cron_enabled', 1);
    mtrace('Cron has been enabled for the site.');
    exit(0);
}
if ($options['disable'] || $options['disable-wait']) {
    set_config('cron_enabled', 0);
    manager::clear_static_caches();
    mtrace('Cron has been disabled for the site.');
    $options['disable'] && exit(0);
    wait_for_running_tasks($options['disable-wait'] === true ? 600 : (int) $options['disable-wait']);
}
if ($options['list']) {
    mtrace('The list of currently running tasks:');
    $format = "%7s %-12s %-9s %-20s %-52s\n";
    printf($format, 'PID', 'HOST', 'TYPE', 'TIME', 'CLASSNAME');
    foreach (manager::get_running_tasks() as $task) {
        $age = format_time(time() - (int) $task->timestarted);
        printf($format, $task->pid, substr((string) $task->hostname, 0, 12), $task->type, $age, substr($task->classname, 0, 52));
    }
    exit(0);
}
if (!get_config('core', 'cron_enabled') && !$options['force']) {
    mtrace('Cron is disabled. Use --force to override.');
    exit(1);
}
core\local\cli\shutdown::script_supports_graceful_exit();
core\cron::run_main_process($options['keep-alive'] === null ? null : (int) $options['keep-alive']);
