<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Enrolment of users in courses; by hand is the only way here.
 */

defined('MOODLE_INTERNAL') || die();

const ENROL_USER_ACTIVE = 0;
const ENROL_USER_SUSPENDED = 1;

function enrol_is_enabled(string $name): bool {
    return in_array($name, explode(',', (string) $GLOBALS['CFG']->enrol_plugins_enabled), true);
}

function enrol_get_plugin(string $name): ?enrol_plugin {
    return $name === 'manual' ? new enrol_plugin() : null;
}

/** The plugin enrol_manual. */
class enrol_plugin {
    public function add_default_instance(stdClass $course): int {
        global $DB;
        return $DB->insert_record('enrol', ['enrol' => 'manual', 'courseid' => $course->id]);
    }

    public function enrol_user(stdClass $instance, int|string $userid, ?int $roleid = null, int $timestart = 0, int $timeend = 0, ?int $status = null): void {
        global $DB;
        $row = ['enrolid' => $instance->id, 'userid' => $userid];
        // Without them, start and end are 0 also for somebody who is enrolled already, as in Moodle.
        $DB->record_exists('user_enrolments', $row)
            ? $this->update_user_enrol($instance, $userid, $status, $timestart, $timeend)
            : $DB->insert_record('user_enrolments', $row + ['status' => $status ?? ENROL_USER_ACTIVE, 'timestart' => $timestart, 'timeend' => $timeend]);
        $roleid === null || role_assign($roleid, $userid, context_course::instance($instance->courseid)->id);
    }

    /** Changes what is not null. */
    public function update_user_enrol(stdClass $instance, int|string $userid, ?int $status = null, ?int $timestart = null, ?int $timeend = null): void {
        global $DB;
        $id = $DB->get_field('user_enrolments', 'id', ['enrolid' => $instance->id, 'userid' => $userid], MUST_EXIST);
        $changes = array_filter(['status' => $status, 'timestart' => $timestart, 'timeend' => $timeend], 'is_int');
        $changes === [] || $DB->update_record('user_enrolments', ['id' => $id] + $changes);
    }

    public function unenrol_user(stdClass $instance, int|string $userid): void {
        global $DB;
        $DB->delete_records('user_enrolments', ['enrolid' => $instance->id, 'userid' => $userid]);
        role_unassign_all(['userid' => $userid, 'contextid' => context_course::instance($instance->courseid)->id]);
    }
}
