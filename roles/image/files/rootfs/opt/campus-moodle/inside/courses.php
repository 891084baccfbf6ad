<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Makes categories, courses and enrolments as they are wanted, all or none. The wish: check (bool), categories and
// courses (lists of fields, see the command). Reports before and after of what differs, and what became of each.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->dirroot . '/course/lib.php';
require_once $CFG->libdir . '/enrollib.php';
require __DIR__ . '/plan.php';

$campuswish = Inside::wish();

/** The category as it is. Something that a hidden parent hides is not hidden itself: that is what visibleold says. */
function campus_category_now(stdClass $category): array {
    global $DB;
    return [
        'name' => $category->name,
        'parent' => (string) $DB->get_field('course_categories', 'idnumber', ['id' => $category->parent]),
        'description' => (string) $category->description,
        'visible' => (bool) $category->visibleold,
    ];
}

function campus_course_now(stdClass $course): array {
    global $DB;
    return [
        'state' => 'present',
        'fullname' => $course->fullname,
        'idnumber' => (string) $course->idnumber,
        'category' => (string) $DB->get_field('course_categories', 'idnumber', ['id' => $course->category]),
        'summary' => (string) $course->summary,
        'format' => $course->format,
        'visible' => (bool) $course->visibleold,
    ];
}

/** A user's enrolment by hand in a course, with the roles that were given by hand too. */
function campus_enrolment_now(stdClass $course, stdClass $user): ?array {
    global $DB;
    $sql = "FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.enrol = 'manual' AND e.courseid = ? AND ue.userid = ?";
    $status = $DB->get_field_sql("SELECT min(ue.status) $sql", [$course->id, $user->id]);
    if ($status === null || $status === false) {
        return null;
    }
    $roles = $DB->get_fieldset_sql(
        "SELECT r.shortname FROM {role_assignments} ra JOIN {role} r ON r.id = ra.roleid
          WHERE ra.contextid = ? AND ra.userid = ? AND ra.component = '' ORDER BY r.shortname",
        [context_course::instance($course->id)->id, $user->id],
    );
    return ['state' => (int) $status === ENROL_USER_ACTIVE ? 'present' : 'suspended', 'roles' => array_values($roles)];
}

/** The step for one category. $parents are the categories that are there or come before it. */
function campus_category_step(array $wanted, array $parents, Closure $object): array {
    global $DB;
    $name = $wanted['idnumber'];
    $category = $DB->get_record('course_categories', ['idnumber' => $name]) ?: null;
    $next = array_diff_key($wanted, ['idnumber' => 1]);
    if (($next['parent'] ?? '') !== '' && !in_array($next['parent'], $parents, true)) {
        $object('unknown_category', "The category $name wants the parent {$next['parent']}, which does not exist and does not come before it.");
    }
    if ($category === null && !isset($next['name'])) {
        $object('incomplete', "The category $name does not exist yet, and a new category needs name.");
    }
    $now = $category === null ? null : campus_category_now($category);
    return campus_step($now, $next) + ['name' => $name, 'id' => $category->id ?? null];
}

/** The step for one course, with steps for its enrolments inside. */
function campus_course_step(array $wanted, array $categories, Closure $object): array {
    global $DB;
    $name = $wanted['shortname'];
    $course = $DB->get_record_select('course', 'shortname = ?', [$name]) ?: null;
    $next = array_diff_key($wanted, ['shortname' => 1, 'enrolments' => 1]) + ['state' => 'present'];
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
        $wanted['enrolments'] ?? [],
    );
    if (campus_changing($enrolments) !== []) {
        $step = campus_also($step, 'enrolments', campus_column($enrolments, 'before'), campus_column($enrolments, 'after'));
    }
    return $step + ['name' => $name, 'id' => $course->id ?? null, 'steps' => $enrolments];
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

/** The step for one enrolment; the course may be one that is still to be made. */
function campus_enrolment_step(array $wanted, string $coursename, ?stdClass $course, Closure $object): array {
    global $CFG, $DB;
    $name = $wanted['username'];
    $next = ['state' => $wanted['state'] ?? 'present', 'roles' => array_values(array_unique($wanted['roles'] ?? ['student']))];
    sort($next['roles']);
    $user = $DB->get_record('user', ['username' => $name, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0]) ?: null;
    if ($user === null && $next['state'] !== 'absent') {
        $object('unknown_user', "The user $name cannot be enrolled in $coursename: there is no such user.");
    }
    if (!enrol_is_enabled('manual')) {
        $object('enrolment', "The user $name cannot be enrolled in $coursename: the enrolment by hand is switched off on this site.");
    }
    foreach ($next['roles'] as $role) {
        $DB->record_exists('role', ['shortname' => $role])
            || $object('unknown_role', "The user $name wants the role $role in $coursename, which does not exist.");
    }
    $now = $user === null || $course === null ? null : campus_enrolment_now($course, $user);
    return campus_step($now, $next['state'] === 'absent' ? null : $next) + ['name' => $name, 'user' => $user];
}

/** The id of a category by its idnumber; without one, where Moodle puts new courses. */
function campus_category_id(?string $idnumber): int {
    global $DB;
    return $idnumber === null
        ? (int) core_course_category::get_default()->id
        : (int) $DB->get_field('course_categories', 'id', ['idnumber' => $idnumber], MUST_EXIST);
}

function campus_category_apply(array $step): int {
    $record = $step['after'];
    if (isset($record['parent'])) {
        $record['parent'] = $record['parent'] === '' ? 0 : campus_category_id($record['parent']);
    }
    if ($step['action'] === 'created') {
        return (int) core_course_category::create(['idnumber' => $step['name']] + $record)->id;
    }
    core_course_category::get($step['id'], MUST_EXIST, true)->update($record);
    return (int) $step['id'];
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
    if (isset($record['visible'])) {
        $record['visible'] = (int) $record['visible'];
    }
    if ($step['id'] === null) {
        $step['id'] = campus_course_create($step['name'], $record);
    } elseif ($record !== []) {
        update_course((object) (['id' => $step['id']] + $record));
    }
    $course = $DB->get_record('course', ['id' => $step['id']], '*', MUST_EXIST);
    foreach (campus_changing($step['steps']) as $enrolment) {
        campus_enrolment_apply($course, $enrolment);
    }
    return (int) $course->id;
}

function campus_course_create(string $shortname, array $record): int {
    $defaults = get_config('moodlecourse');
    return (int) create_course((object) ($record + [
        'shortname' => $shortname,
        'summary' => '',
        'summaryformat' => FORMAT_HTML,
        'format' => $defaults->format ?? 'topics',
        'numsections' => $defaults->numsections ?? 4,
        'startdate' => strtotime('today'),
    ]))->id;
}

function campus_enrolment_apply(stdClass $course, array $step): void {
    global $DB;
    $plugin = enrol_get_plugin('manual');
    $instance = campus_manual_instance($course, $plugin);
    if ($step['action'] === 'deleted') {
        $plugin->unenrol_user($instance, $step['user']->id);
        return;
    }
    if (isset($step['after']['state'])) {
        $status = $step['after']['state'] === 'present' ? ENROL_USER_ACTIVE : ENROL_USER_SUSPENDED;
        $plugin->enrol_user($instance, $step['user']->id, null, 0, 0, $status);
    }
    $context = context_course::instance($course->id);
    $now = $step['before']['roles'] ?? [];
    $wanted = $step['after']['roles'] ?? $now;
    $id = static fn (string $role): int => (int) $DB->get_field('role', 'id', ['shortname' => $role], MUST_EXIST);
    foreach (array_diff($wanted, $now) as $role) {
        role_assign($id($role), $step['user']->id, $context->id);
    }
    foreach (array_diff($now, $wanted) as $role) {
        role_unassign($id($role), $step['user']->id, $context->id);
    }
}

function campus_manual_instance(stdClass $course, enrol_plugin $plugin): stdClass {
    global $DB;
    $find = static fn () => $DB->get_records('enrol', ['courseid' => $course->id, 'enrol' => 'manual'], 'sortorder, id', '*', 0, 1);
    $found = $find();
    if ($found === []) {
        $plugin->add_default_instance($course);
        $found = $find();
    }
    return reset($found);
}

$campusproblems = [];
$campusobject = static function (string $code, string $sentence) use (&$campusproblems): void {
    $campusproblems[] = ['code' => $code, 'sentence' => $sentence];
};
$campusknown = $DB->get_fieldset_sql("SELECT idnumber FROM {course_categories} WHERE idnumber <> ''");
$campuscategories = [];
foreach ($campuswish['categories'] as $campuswanted) {
    $campuscategories[] = campus_category_step($campuswanted, $campusknown, $campusobject);
    $campusknown[] = $campuswanted['idnumber'];
}
$campuscourses = array_map(static fn (array $one): array => campus_course_step($one, $campusknown, $campusobject), $campuswish['courses']);

$campuswarnings = [];
if ($campusproblems === [] && !$campuswish['check']) {
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
