<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Enrolments of users by hand, for courses.php.

/** A user's enrolments by hand in a course, mostly one, each with the id of its method. */
function campus_enrolments(int $courseid, int $userid): array {
    global $DB;
    $sql = "SELECT ue.* FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid
             WHERE e.enrol = 'manual' AND e.courseid = ? AND ue.userid = ? ORDER BY e.sortorder, e.id";
    return array_values($DB->get_records_sql($sql, [$courseid, $userid]));
}

/** What is now: present, suspended, or closed, when the time of an active enrolment has not come yet or is over. */
function campus_enrolment_state(array $enrolments): string {
    $active = array_filter($enrolments, static fn (stdClass $one): bool => (int) $one->status === ENROL_USER_ACTIVE);
    $open = array_filter($active, static fn (stdClass $one): bool => !array_filter(campus_closed_ends($one), 'is_int'));
    return match (true) {
        $open !== [] => 'present',
        $active !== [] => 'closed',
        default => 'suspended',
    };
}

/** Start and end of an enrolment: 0 for one that is in the way, to clear it; null for one that may stay. */
function campus_closed_ends(stdClass $enrolment): array {
    $now = time();
    return [
        (int) $enrolment->timestart > $now ? 0 : null,
        (int) $enrolment->timeend !== 0 && (int) $enrolment->timeend <= $now ? 0 : null,
    ];
}

/** A user's enrolment by hand in a course, with the roles that were given by hand too. */
function campus_enrolment_now(stdClass $course, stdClass $user): ?array {
    global $DB;
    $enrolments = campus_enrolments((int) $course->id, (int) $user->id);
    if ($enrolments === []) {
        return null;
    }
    $roles = $DB->get_fieldset_sql(
        "SELECT r.shortname FROM {role_assignments} ra JOIN {role} r ON r.id = ra.roleid
          WHERE ra.contextid = ? AND ra.userid = ? AND ra.component = '' ORDER BY r.shortname",
        [context_course::instance($course->id)->id, $user->id],
    );
    return ['state' => campus_enrolment_state($enrolments), 'roles' => array_values($roles)];
}

/** The step for one enrolment; the course may be one that is still to be made. */
function campus_enrolment_step(array $requested, string $coursename, ?stdClass $course, Closure $object): array {
    global $CFG, $DB;
    $name = $requested['username'];
    $next = ['state' => $requested['state'] ?? 'present', 'roles' => array_values(array_unique($requested['roles'] ?? ['student']))];
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

/** Enrols a user, or changes what is requested otherwise and nothing else: an enrolment may have a start and an end. */
function campus_enrolment_apply(stdClass $course, array $step): void {
    global $DB;
    $plugin = enrol_get_plugin('manual');
    $userid = (int) $step['user']->id;
    $instance = static fn (stdClass $one): stdClass => $DB->get_record('enrol', ['id' => $one->enrolid], '*', MUST_EXIST);
    $enrolments = campus_enrolments((int) $course->id, $userid);
    if ($step['action'] === 'deleted') {
        foreach ($enrolments as $one) {
            $plugin->unenrol_user($instance($one), $userid);
        }
        return;
    }
    if (isset($step['after']['state'])) {
        $present = $step['after']['state'] === 'present';
        $status = $present ? ENROL_USER_ACTIVE : ENROL_USER_SUSPENDED;
        foreach ($enrolments as $one) {
            $plugin->update_user_enrol($instance($one), $userid, $status, ...($present ? campus_closed_ends($one) : []));
        }
        $enrolments === [] && $plugin->enrol_user(campus_manual_instance($course, $plugin), $userid, null, 0, 0, $status);
    }
    $context = context_course::instance($course->id);
    $now = $step['before']['roles'] ?? [];
    $requested = $step['after']['roles'] ?? $now;
    $id = static fn (string $role): int => (int) $DB->get_field('role', 'id', ['shortname' => $role], MUST_EXIST);
    foreach (array_diff($requested, $now) as $role) {
        role_assign($id($role), $userid, $context->id);
    }
    foreach (array_diff($now, $requested) as $role) {
        role_unassign($id($role), $userid, $context->id);
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
