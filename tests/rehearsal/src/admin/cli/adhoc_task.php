<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$help = 'Ad hoc cron tasks.';
$options = cli_options($help, [
    'showsql' => false, 'showdebugging' => false, 'execute' => false, 'keep-alive' => 0, 'ignorelimits' => false,
    'force' => false, 'id' => null, 'classname' => null, 'taskslimit' => null, 'failed' => false,
], ['e' => 'execute', 'k' => 'keep-alive', 'i' => 'ignorelimits', 'f' => 'force', 'c' => 'classname', 'l' => 'taskslimit']);

core\cron::refuse_when_closed();
if (!get_config('core', 'cron_enabled') && !$options['force']) {
    mtrace('Cron is disabled. Use --force to override.');
    exit(1);
}
core\local\cli\shutdown::script_supports_graceful_exit();
mtrace('Server Time: ' . date('r') . "\n");
if (!empty($options['id'])) {
    core\cron::run_adhoc_task((int) $options['id']);
    exit(0);
}
$keepalive = (int) $options['keep-alive'];
$limit = empty($options['taskslimit']) ? null : (int) $options['taskslimit'];
$class = (string) $options['classname'];
if (!$options['execute'] && !$options['failed'] && $keepalive === 0 && $limit === null && $class === '') {
    cli_writeln("$help Nothing was asked for; see --help.");
    exit(0);
}
core\cron::run_adhoc_tasks(time(), $keepalive, empty($options['ignorelimits']), null, $limit, $class, (bool) $options['failed']);
