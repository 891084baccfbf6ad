<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Runs Moodle's installer with the administrator's password from its file: php install.php ARGUMENT...
// The installer takes the password as an argument only; here it becomes one after the process has started, so that no
// list of processes ever shows it.

$campuspassword = rtrim((string) file_get_contents((string) getenv('MOODLE_ADMIN_PASSWORD_FILE')), "\r\n");
$campusscript = '/srv/moodle/admin/cli/install_database.php';
$argv = [$campusscript, ...array_slice($argv, 1), '--adminpass=' . $campuspassword];
$argc = count($argv);
$_SERVER['argv'] = $argv;
$_SERVER['argc'] = $argc;
unset($campuspassword);

require $campusscript;
