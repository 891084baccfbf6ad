<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/../config.php');
require_login();

page_header('Dashboard');
echo '<p>Welcome, ' . s("$USER->firstname $USER->lastname") . ".</p>\n<h2>Course overview</h2>\n<ul class=\"courses\">\n";
// The columns of higher schema levels are read on purpose: this code does not work with an older database.
$levels = array_map(static fn(int $level): string => ", level$level", $CFG->rehearsal->schema > 1 ? range(2, $CFG->rehearsal->schema) : []);
$fields = 'id, fullname' . implode('', $levels);
foreach ($DB->get_records_select('course', 'id > 1 AND visible = 1', [], 'id DESC', $fields, 0, 20) as $course) {
    echo "<li><a href=\"$CFG->wwwroot/course/view.php?id=$course->id\">" . s($course->fullname) . "</a></li>\n";
}
echo "</ul>\n<p id=\"script-status\" role=\"status\"></p>\n";
page_footer();
