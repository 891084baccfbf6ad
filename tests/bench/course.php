<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors
//
// Makes what the benchmark looks at: a course with 20 activities, and students who may see it. Real Moodle only.
// Environment: BENCH_STUDENTS (how many), BENCH_PASSWORD (of all of them). Prints the id of the course.
// A second run finds what the first one made.

define('CLI_SCRIPT', true);
require('/srv/moodle/config.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/course/modlib.php');
require_once($CFG->dirroot . '/user/lib.php');
require_once($CFG->libdir . '/enrollib.php');

const SHORT_NAME = 'bench-course';
const TEXT = '<p>A paragraph of ordinary length, as teachers write them, with a <strong>word</strong> that stands out.</p>';

// module => [how many of the 20, the fields that only this module has]
const ACTIVITIES = [
    'page' => [8, ['content' => TEXT, 'contentformat' => FORMAT_HTML, 'display' => 5, 'printintro' => 0, 'printlastmodified' => 1]],
    'label' => [4, []],
    'url' => [4, ['externalurl' => 'https://example.org/', 'display' => 0, 'printintro' => 0]],
    'forum' => [4, [
        'type' => 'general', 'assessed' => 0, 'scale' => 0, 'forcesubscribe' => 0, 'trackingtype' => 1, 'maxbytes' => 0, 'maxattachments' => 1,
        'grade_forum' => 0, 'duedate' => 0, 'cutoffdate' => 0,
    ]],
];

function bench_course(): stdClass {
    global $DB;
    $course = $DB->get_record('course', ['shortname' => SHORT_NAME]);
    if ($course) {
        return $course;
    }
    $course = create_course((object) [
        'shortname' => SHORT_NAME, 'fullname' => 'Benchmark', 'category' => $DB->get_field_sql('SELECT MIN(id) FROM {course_categories}'),
        'format' => 'topics', 'numsections' => 4, 'newsitems' => 0, 'enablecompletion' => 1,
    ]);
    $count = 0;
    foreach (ACTIVITIES as $module => [$number, $fields]) {
        for ($i = 1; $i <= $number; $i++) {
            create_module((object) ($fields + [
                'modulename' => $module, 'course' => $course->id, 'section' => ++$count % 5, 'visible' => 1, 'name' => "$module $i",
                'introeditor' => ['text' => TEXT, 'format' => FORMAT_HTML, 'itemid' => 0], 'cmidnumber' => '',
            ]));
        }
    }
    return $course;
}

\core\session\manager::set_user(get_admin());
$course = bench_course();
$student = $DB->get_field('role', 'id', ['shortname' => 'student']);
for ($i = 1; $i <= (int) getenv('BENCH_STUDENTS'); $i++) {
    $name = "bench$i";
    $id = $DB->get_field('user', 'id', ['username' => $name]) ?: user_create_user((object) [
        'username' => $name, 'firstname' => 'Bench', 'lastname' => "Student $i", 'email' => "$name@example.org", 'auth' => 'manual',
        'confirmed' => 1, 'mnethostid' => $CFG->mnet_localhost_id,
    ], false, false);
    update_internal_user_password($DB->get_record('user', ['id' => $id]), getenv('BENCH_PASSWORD'));
    enrol_try_internal_enrol($course->id, $id, $student);
}
echo $course->id, PHP_EOL;
