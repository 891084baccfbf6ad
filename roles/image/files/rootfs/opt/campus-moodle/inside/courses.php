<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Makes categories, courses and enrolments as requested, all or none. The request: check (bool), categories and
// courses (lists of fields, see the command). Reports before and after of what differs, and what became of each.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->dirroot . '/course/lib.php';
require_once $CFG->libdir . '/enrollib.php';
require __DIR__ . '/plan.php';
require __DIR__ . '/categories.php';
require __DIR__ . '/enrolments.php';

$campusrequest = Inside::request();

const CAMPUS_COURSE_DEFAULTS = [
    'format', 'numsections', 'showgrades', 'newsitems', 'maxbytes', 'showreports', 'groupmode', 'groupmodeforce', 'showactivitydates',
];

function campus_course_now(stdClass $course): array {
    global $DB;
    return [
        'state' => 'present',
        'fullname' => $course->fullname,
        'idnumber' => (string) $course->idnumber,
        'category' => (string) $DB->get_field('course_categories', 'idnumber', ['id' => $course->category]),
        'summary' => (string) $course->summary,
        'format' => $course->format,
        'visible' => campus_is_visible($course, campus_shows((int) $course->category)),
    ];
}

/** The step for one course, with steps for its enrolments inside. */
function campus_course_step(array $requested, array $categories, Closure $object): array {
    global $DB;
    $name = $requested['shortname'];
    $course = $DB->get_record_select('course', 'shortname = ?', [$name]) ?: null;
    $next = array_diff_key($requested, ['shortname' => 1, 'enrolments' => 1]) + ['state' => 'present'];
    if ($course !== null && (int) $course->id === (int) SITEID) {
        $object('protected', "The course $name is the site's front page, which is no course to change.");
    }
    if ($next['state'] === 'absent') {
        $next = null;
    } else {
        campus_course_objections($name, $next, $course, $categories, $object);
    }
    $step = campus_step($course === null ? null : campus_course_now($course), $next);
    $enrolments = $next === null ? [] : array_map(
        static fn (array $one): array => campus_enrolment_step($one, $name, $course, $object),
        $requested['enrolments'] ?? [],
    );
    if (campus_changing($enrolments) !== []) {
        $step = campus_also($step, 'enrolments', campus_column($enrolments, 'before'), campus_column($enrolments, 'after'));
    }
    return $step + ['name' => $name, 'id' => $course->id ?? null, 'visible' => $next['visible'] ?? null, 'steps' => $enrolments];
}

function campus_course_objections(string $name, array $next, ?stdClass $course, array $categories, Closure $object): void {
    global $DB;
    if ($course === null && !isset($next['fullname'])) {
        $object('incomplete', "The course $name does not exist yet, and a new course needs fullname.");
    }
    if (isset($next['category']) && !in_array($next['category'], $categories, true)) {
        $object('unknown_category', "The course $name wants the category {$next['category']}, which does not exist.");
    }
    if (isset($next['format']) && !isset(core_component::get_plugin_list('format')[$next['format']])) {
        $object('unknown_format', "The course $name wants the format {$next['format']}, which this site does not have.");
    }
    $taken = ($next['idnumber'] ?? '') === '' ? false : $DB->get_field_select('course', 'shortname', 'idnumber = ? AND shortname <> ?', [$next['idnumber'], $name]);
    if ($taken) {
        $object('idnumber', "The course $name cannot have the idnumber {$next['idnumber']}, which the course $taken has.");
    }
}

function campus_course_apply(array $step): int {
    global $DB;
    if ($step['action'] === 'deleted') {
        delete_course($step['id'], false) || throw new moodle_exception('cannotdeletecourse');
        fix_course_sortorder();
        return (int) $step['id'];
    }
    $record = array_diff_key($step['after'], ['state' => 1, 'enrolments' => 1]);
    if (isset($record['category']) || $step['id'] === null) {
        $record['category'] = campus_category_id($record['category'] ?? null);
    }
    if ($step['id'] === null) {
        $step['id'] = campus_course_create($step['name'], $record);
    } elseif ($record !== []) {
        $category = $record['category'] ?? (int) $DB->get_field('course', 'category', ['id' => $step['id']], MUST_EXIST);
        $marks = campus_course_marks($step['visible'], $category);
        update_course((object) (['id' => $step['id']] + $marks + array_diff_key($record, ['visible' => 1])));
    }
    $course = $DB->get_record('course', ['id' => $step['id']], '*', MUST_EXIST);
    foreach (campus_changing($step['steps']) as $enrolment) {
        campus_enrolment_apply($course, $enrolment);
    }
    return (int) $course->id;
}

/** Both marks of visibility for a course, as far as the request decides them. Moodle changes the second one only with the first. */
function campus_course_marks(?bool $visible, int $category): array {
    return match (true) {
        $visible === null => [],
        $visible && campus_shows($category) === false => ['visibleold' => 1],
        default => ['visible' => (int) $visible, 'visibleold' => (int) $visible],
    };
}

/** Makes a course with the defaults of the site, as Moodle's web service does. */
function campus_course_create(string $shortname, array $record): int {
    global $CFG, $DB;
    $defaults = get_config('moodlecourse');
    $start = strtotime('today');
    $end = empty($defaults->courseenddateenabled) ? [] : ['enddate' => $start + (int) $defaults->courseduration];
    $hidden = campus_shows($record['category']) === false;
    $id = (int) create_course((object) (($hidden ? ['visible' => 0] : []) + $record + $end + [
        'shortname' => $shortname,
        'summary' => '',
        'summaryformat' => FORMAT_HTML,
        'startdate' => $start,
        'enablecompletion' => empty($CFG->enablecompletion) ? 0 : $defaults->enablecompletion ?? 0,
    ] + array_intersect_key((array) $defaults, array_flip(CAMPUS_COURSE_DEFAULTS)) + ['format' => 'topics', 'numsections' => 4]))->id;
    // Moodle takes both marks of visibility for the same.
    empty($record['visible']) || $DB->set_field('course', 'visibleold', 1, ['id' => $id]);
    return $id;
}

$campusproblems = [];
$campusobject = static function (string $code, string $sentence) use (&$campusproblems): void {
    $campusproblems[] = ['code' => $code, 'sentence' => $sentence];
};
$campusknown = $DB->get_fieldset_sql("SELECT idnumber FROM {course_categories} WHERE idnumber <> ''");
$campuscategories = [];
foreach ($campusrequest['categories'] as $campusrequested) {
    $campuscategories[] = campus_category_step($campusrequested, $campusknown, $campusobject);
    $campusknown[] = $campusrequested['idnumber'];
}
$campuscourses = array_map(static fn (array $one): array => campus_course_step($one, $campusknown, $campusobject), $campusrequest['courses']);

$campuswarnings = [];
if ($campusproblems === [] && !$campusrequest['check']) {
    [$campuswarnings, $campuscategories, $campuscourses] = campus_carry_out(
        [$campuscategories, 'campus_category_apply'],
        [$campuscourses, 'campus_course_apply'],
    );
}

Inside::report([
    'problems' => $campusproblems,
    'warnings' => $campuswarnings,
    'changed' => campus_changing([...$campuscategories, ...$campuscourses]) !== [],
    'before' => ['categories' => campus_column($campuscategories, 'before'), 'courses' => campus_column($campuscourses, 'before')],
    'after' => ['categories' => campus_column($campuscategories, 'after'), 'courses' => campus_column($campuscourses, 'after')],
    'categories' => campus_outcome($campuscategories),
    'courses' => campus_outcome($campuscourses),
]);
