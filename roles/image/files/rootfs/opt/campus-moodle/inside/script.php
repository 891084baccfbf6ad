<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Runs one of Moodle's own command-line scripts with other settings than the site's: php script.php SETTINGS SCRIPT ARGUMENT...

define('CAMPUS_MOODLE_SETTINGS', $argv[1]);

$argv = array_slice($argv, 2);
$argc = count($argv);
$_SERVER['argv'] = $argv;
$_SERVER['argc'] = $argc;

require $argv[0];
