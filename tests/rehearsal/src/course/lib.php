<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Making, changing and deleting courses.
 */

defined('MOODLE_INTERNAL') || die();

require_once($CFG->libdir . '/courselib.php');
require_once($CFG->libdir . '/enrollib.php');

const FORMAT_HTML = '1';

function create_course(stdClass $data): stdClass {
    global $DB;
    $category = $DB->get_record('course_categories', ['id' => $data->category]) ?: throw new moodle_exception('unknowncategory');
    $DB->record_exists('course', ['shortname' => $data->shortname]) && throw new moodle_exception('shortnametaken');
    $visible = $data->visible ?? $category->visible;
    $course = course_columns($data) + ['timecreated' => time(), 'visible' => $visible];
    $course = ['visibleold' => $visible] + $course;
    $course['id'] = $DB->insert_record('course', $course);
    context_course::instance($course['id']);
    enrol_get_plugin('manual')->add_default_instance((object) $course);
    return (object) $course;
}

function update_course(stdClass $data): void {
    global $DB;
    (int) $data->id === SITEID && throw new moodle_exception('invalidcourse');
    $old = $DB->get_record('course', ['id' => $data->id], '*', MUST_EXIST);
    $course = course_columns($data) + ['visible' => $old->visible];
    $hidden = isset($data->category) && !$DB->get_field('course_categories', 'visible', ['id' => $data->category]);
    if ((int) $course['visible'] !== (int) $old->visible) {
        $course['visibleold'] = $course['visible'];
    } elseif ($hidden && (int) $data->category !== (int) $old->category) {
        $course['visible'] = 0;
    }
    $DB->update_record('course', ['id' => $data->id] + $course);
}

/** @return array<string, mixed> what the table of courses has a column for */
function course_columns(stdClass $data): array {
    return array_intersect_key((array) $data, array_flip([
        'category', 'fullname', 'shortname', 'idnumber', 'summary', 'format', 'visible', 'visibleold',
        'startdate', 'enddate', 'showactivitydates', 'enablecompletion',
    ]));
}

function fix_course_sortorder(): void {
}
