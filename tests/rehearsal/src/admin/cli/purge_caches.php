<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$names = ['muc', 'courses', 'theme', 'lang', 'js', 'filter', 'other'];
$options = cli_options('Purges the named caches, without an option all of them.', array_fill_keys($names, false), [], 2);
purge_caches(array_filter($options));
exit(0);
