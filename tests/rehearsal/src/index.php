<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/config.php');

page_header('Home');
$courses = $DB->get_records_select('course', 'id > 1 AND visible = 1', [], 'id DESC', 'id, fullname', 0, 50);
echo '<h2>Available courses</h2>' . ($courses === [] ? '<p>No courses yet.</p>' : '') . "<ul class=\"courses\">\n";
foreach ($courses as $course) {
    echo "<li><a href=\"$CFG->wwwroot/course/view.php?id=$course->id\">" . s($course->fullname) . "</a></li>\n";
}
echo "</ul>\n";
page_footer();
