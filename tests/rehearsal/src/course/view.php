<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/courselib.php');
require_login();

$course = get_course((int) ($_GET['id'] ?? 0));
page_header($course->fullname);
$section = null;
foreach (course_activities((int) $course->id) as $activity) {
    if ($section !== $activity->section) {
        echo ($section === null ? '' : "</ul>\n") . '<h2>Topic ' . ((int) $activity->section + 1) . "</h2>\n<ul class=\"activities\">\n";
        $section = $activity->section;
    }
    echo "<li class=\"activity\"><a href=\"$CFG->wwwroot/mod/$activity->module/view.php?id=$activity->id\">" . s($activity->name) . "</a></li>\n";
}
echo $section === null ? "<p>This course has no activities yet.</p>\n" : "</ul>\n";
page_footer();
