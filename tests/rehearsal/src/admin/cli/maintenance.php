<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$options = cli_options('Maintenance mode; without an option its status is shown.', [
    'enable' => false, 'enablelater' => 0, 'enableold' => false, 'disable' => false,
]);
$file = "$CFG->dataroot/climaintenance.html";
cli_heading("Maintenance mode ($CFG->wwwroot)");

if ($options['enablelater']) {
    if (CLI_MAINTENANCE) {
        cli_writeln('Status: enabled');
        exit(0);
    }
    $time = time() + 60 * (int) $options['enablelater'];
    set_config('maintenance_later', $time);
    cli_writeln('status: CLI maintenance mode will be enabled on ' . date('r', $time));
    exit(0);
}
if ($options['enable']) {
    CLI_MAINTENANCE || enable_cli_maintenance_mode();
    set_config('maintenance_enabled', 0);
    unset_config('maintenance_later');
    cli_writeln('Your site is currently in CLI maintenance mode, no web access is allowed.');
    exit(0);
}
if ($options['enableold']) {
    set_config('maintenance_enabled', 1);
    unset_config('maintenance_later');
    cli_writeln('Your site is currently in maintenance mode (only admins can log in or use the site).');
    exit(0);
}
if ($options['disable']) {
    set_config('maintenance_enabled', 0);
    unset_config('maintenance_later');
    file_exists($file) && unlink($file);
    cli_writeln('Maintenance mode has been disabled and the site is running normally again');
    exit(0);
}
$later = (int) ($CFG->maintenance_later ?? 0);
cli_writeln(match (true) {
    CLI_MAINTENANCE || !empty($CFG->maintenance_enabled) => 'Status: enabled',
    $later > 0 => 'status: CLI maintenance mode will be enabled on ' . date('r', $later),
    default => 'Status: disabled',
});
