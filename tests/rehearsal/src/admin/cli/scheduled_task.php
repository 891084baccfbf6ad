<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

use core\task\manager;

$help = 'Scheduled cron tasks.';
$options = cli_options($help, [
    'list' => false, 'execute' => false, 'showsql' => false, 'showdebugging' => false, 'force' => false,
    'disable' => false, 'enable' => false,
], ['f' => 'force']);

if ($options['list']) {
    cli_heading("List of scheduled tasks ($CFG->wwwroot)");
    foreach (manager::get_all_scheduled_tasks() as $record) {
        $schedule = implode(' ', array_map(static fn(string $part): string => $record->$part, manager::SCHEDULE));
        $last = $record->lastruntime === null ? 'Never' : date('r', (int) $record->lastruntime);
        $next = $record->disabled ? 'Task disabled' : ((int) $record->nextruntime > time() ? date('r', (int) $record->nextruntime) : 'ASAP');
        cli_writeln(str_pad($record->classname, 50) . ' ' . str_pad($schedule, 17) . ' ' . str_pad($last, 40) . " $next");
    }
    exit(0);
}
$command = array_search(true, array_map('is_string', array_intersect_key($options, array_flip(['execute', 'disable', 'enable']))), true);
if ($command === false) {
    cli_writeln("$help Nothing was asked for; see --help.");
    exit(0);
}
if (moodle_needs_upgrading()) {
    mtrace('Moodle upgrade pending, cannot manage tasks.');
    exit(1);
}
$name = $options[$command];
$task = manager::get_scheduled_task($name);
if ($task === false) {
    mtrace("Task '$name' not found");
    exit(1);
}
if ($command !== 'execute') {
    $DB->update_record('task_scheduled', ['id' => $task->record->id, 'disabled' => (int) ($command === 'disable'), 'customised' => 1]);
    mtrace(ucfirst($command) . "d '$name'");
    exit(0);
}
if (!get_config('core', 'cron_enabled') && !$options['force']) {
    mtrace('Cron is disabled. Use --force to override.');
    exit(1);
}
core\local\cli\shutdown::script_supports_graceful_exit();
$factory = core\lock\lock_config::get_lock_factory('cron');
$cron = $factory->get_lock('core_cron', 10);
if ($cron === false) {
    mtrace('Cannot obtain cron lock');
    exit(129);
}
$lock = $factory->get_lock($task->record->classname, 10);
$cron->release();
if ($lock === false) {
    mtrace('Cannot obtain task lock');
    exit(130);
}
$task->lock = $lock;
manager::starting($task);
exit(core\cron::run_task($task, 'scheduled task') ? 0 : 1);
