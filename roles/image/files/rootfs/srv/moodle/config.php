<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Moodle's configuration. The values are rendered at every start into a file that only the site's own user can read;
// CAMPUS_MOODLE_SETTINGS names another file while the image is built, when there is no site yet.

unset($CFG);
global $CFG;
$CFG = new stdClass();

require defined('CAMPUS_MOODLE_SETTINGS') ? CAMPUS_MOODLE_SETTINGS : '/run/moodle/settings.php';

// Moodle 5.1 and later serve from public/, earlier ones from the top.
require_once is_dir(__DIR__ . '/public/lib') ? __DIR__ . '/public/lib/setup.php' : __DIR__ . '/lib/setup.php';
