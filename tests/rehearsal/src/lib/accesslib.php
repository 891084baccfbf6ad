<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Contexts and roles.
 */

defined('MOODLE_INTERNAL') || die();

/** The context of a course. */
class context_course {
    private function __construct(public int $id) {
    }

    public static function instance(int|string $courseid): self {
        return new self(context_id(CONTEXT_COURSE, (int) $courseid));
    }
}

/** @return int id of the assignment, made when it is not there */
function role_assign(int|string $roleid, int|string $userid, int|string $contextid, string $component = '', int|string $itemid = 0): int {
    global $DB;
    $row = ['roleid' => $roleid, 'userid' => $userid, 'contextid' => $contextid, 'component' => $component, 'itemid' => $itemid];
    return (int) ($DB->get_field('role_assignments', 'id', $row) ?: $DB->insert_record('role_assignments', $row));
}

function role_unassign(int|string $roleid, int|string $userid, int|string $contextid, string $component = '', int|string $itemid = 0): void {
    role_unassign_all(['roleid' => $roleid, 'userid' => $userid, 'contextid' => $contextid, 'component' => $component, 'itemid' => $itemid]);
}

/** @param array<string, int|string> $params columns of role_assignments */
function role_unassign_all(array $params): void {
    global $DB;
    $DB->delete_records('role_assignments', $params);
}
