<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Courses and their activities.
 */

defined('MOODLE_INTERNAL') || die();

require_once($CFG->libdir . '/filelib.php');

/** @return int id of a new course whose activities take turns between the kinds there are */
function generate_course(string $shortname, string $fullname, int $activities): int {
    global $CFG, $DB;
    $modules = $DB->get_records('modules', ['visible' => 1], 'name');
    return $DB->in_transaction(function () use ($CFG, $DB, $modules, $shortname, $fullname, $activities): int {
        $courseid = $DB->insert_record('course', ['fullname' => $fullname, 'shortname' => $shortname, 'summary' => '', 'category' => 1, 'timecreated' => time()]);
        context_id(CONTEXT_COURSE, $courseid);
        $kinds = array_values($modules);
        for ($number = 1; $number <= $activities; $number++) {
            $module = $kinds[($number - 1) % count($kinds)];
            $instance = $DB->insert_record($module->name, [
                'course' => $courseid, 'name' => ucfirst($module->name) . " $number", 'intro' => "Activity $number of $fullname", 'timemodified' => time(),
            ]);
            $cmid = $DB->insert_record('course_modules', [
                'course' => $courseid, 'module' => $module->id, 'instance' => $instance, 'section' => intdiv($number - 1, 5), 'added' => time(),
            ]);
            if ($module->name === 'resource') {
                make_directory($CFG->tempdir);
                $source = "$CFG->tempdir/course-$courseid-$number.txt";
                file_put_contents($source, str_repeat("Activity $number of course $shortname.\n", 64));
                store_file($source, context_id(CONTEXT_MODULE, $cmid), 'mod_resource', 'content', 0, "resource-$number.txt", null);
                unlink($source);
            }
        }
        return $courseid;
    });
}

/** @return stdClass the course, or the page ends with status 404 */
function get_course(int $id): stdClass {
    global $DB;
    return $DB->get_record('course', ['id' => $id]) ?: not_possible(404, 'Can not find data record in database table course.');
}

/** @return array<int, stdClass> activities of a course with module name and own name, in order */
function course_activities(int $courseid): array {
    global $DB;
    $activities = $DB->get_records_sql(
        'SELECT cm.id, cm.instance, cm.section, m.name AS module FROM {course_modules} cm
           JOIN {modules} m ON m.id = cm.module WHERE cm.course = ? ORDER BY cm.section, cm.id',
        [$courseid],
    );
    $names = [];
    foreach (array_unique(array_column($activities, 'module')) as $module) {
        $names[$module] = $DB->get_records_menu($module, ['course' => $courseid], '', 'id, name');
    }
    foreach ($activities as $activity) {
        $activity->name = $names[$activity->module][$activity->instance] ?? '';
    }
    return $activities;
}

/** The page of one activity. */
function show_activity(string $module): void {
    global $CFG, $DB;
    require_login();
    $cm = $DB->get_record('course_modules', ['id' => (int) ($_GET['id'] ?? 0)]) ?: not_possible(404, 'Invalid course module ID');
    $activity = $DB->get_record($module, ['id' => $cm->instance]) ?: not_possible(404, 'Invalid course module ID');
    page_header($activity->name);
    echo '<p>' . s($activity->intro) . "</p>\n";
    foreach ($DB->get_records('files', ['contextid' => context_id(CONTEXT_MODULE, (int) $cm->id)]) as $file) {
        $url = "$CFG->wwwroot/pluginfile.php/$file->contextid/mod_resource/content/0/" . rawurlencode($file->filename);
        echo '<p><a href="' . s($url) . '">' . s($file->filename) . "</a></p>\n";
    }
    echo "<p><a href=\"$CFG->wwwroot/course/view.php?id=$cm->course\">Back to the course</a></p>\n";
    page_footer();
}
