<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../../config.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/courselib.php');

const ACTIVITIES = ['XS' => 2, 'S' => 20, 'M' => 100, 'L' => 500, 'XL' => 1000, 'XXL' => 5000];

$options = cli_options('Creates a course with activities: XS 2, S 20, M 100, L 500, XL 1000, XXL 5000.', [
    'shortname' => false, 'fullname' => false, 'summary' => '', 'size' => false, 'bypasscheck' => false, 'quiet' => false,
    'fixeddataset' => false, 'filesizelimit' => false, 'additionalmodules' => '',
]);
is_string($options['shortname']) && isset(ACTIVITIES[$options['size']]) || cli_error('Needs --shortname=NAME and --size=SIZE, see --help.');
$options['bypasscheck'] || !empty($CFG->debug) || cli_error('Only for developers: needs --bypasscheck.');
$DB->record_exists('course', ['shortname' => $options['shortname']]) && cli_error('Short name is already used for another course.');
$fullname = is_string($options['fullname']) ? $options['fullname'] : "Test course {$options['shortname']}";
$courseid = generate_course($options['shortname'], $fullname, ACTIVITIES[$options['size']]);
$options['quiet'] || cli_writeln("Course $courseid created: $CFG->wwwroot/course/view.php?id=$courseid");
exit(0);
