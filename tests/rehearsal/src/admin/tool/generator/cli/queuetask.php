<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../../config.php');
require_once($CFG->libdir . '/clilib.php');

// Only in the rehearsal payload: gives drain and concurrency tests a task that takes its time.
$options = cli_options('Queues ad hoc tasks that wait.', ['seconds' => 0, 'count' => 1, 'fail' => false]);
for ($number = 0; $number < (int) $options['count']; $number++) {
    $task = new tool_generator\task\wait_task();
    $task->set_custom_data(['seconds' => (int) $options['seconds'], 'fail' => (bool) $options['fail']]);
    cli_writeln((string) core\task\manager::queue_adhoc_task($task));
}
exit(0);
