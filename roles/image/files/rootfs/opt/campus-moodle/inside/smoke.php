<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Begins or ends a smoke test; see the command. The request: verb (begin or end), name. Reports the answer of the command.

use Campus\Moodle\Command\Smoke;
use Campus\Moodle\Inside;
use Campus\Moodle\Task;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->dirroot . '/course/lib.php';
require_once $CFG->dirroot . '/user/lib.php';

/** Removes what cut runs left and, where a name is given, what its run has made. Returns what was removed, in words. */
function campus_smoke_remove(?string $name): array {
    global $CFG, $DB;
    // Moodle would make a backup of the course for the recycle bin first.
    $CFG->forced_plugin_settings['tool_recyclebin']['categorybinenable'] = 0;
    $like = Smoke::PREFIX . '%';
    $which = [$name ?? '', time() - Smoke::LEFT_SECONDS];
    $removed = [];
    $select = 'shortname LIKE ? AND idnumber = shortname AND (shortname = ? OR timecreated < ?)';
    foreach ($DB->get_records_select('course', $select, [$like, ...$which], 'id', 'id, shortname') as $course) {
        delete_course($course->id, false) || throw new moodle_exception('cannotdeletecourse');
        $removed[] = "course $course->shortname";
    }
    // Moodle leaves the counts of the categories to who deletes a course; with a wrong one nobody can reorder courses.
    $removed === [] || fix_course_sortorder();
    $select = "username LIKE ? AND email = username || ? AND auth = 'manual' AND deleted = 0 AND (username = ? OR timecreated < ?)";
    foreach ($DB->get_records_select('user', $select, [$like, '@' . Smoke::DOMAIN, ...$which]) as $user) {
        // Tasks for a user who is gone would fail again and again.
        $DB->delete_records('task_adhoc', ['userid' => $user->id]);
        delete_user($user) || throw new moodle_exception('deletednot', '', '', $user->username);
        $removed[] = "account $user->username";
    }
    $select = 'classname = ? AND timestarted IS NULL AND (customdata = ? OR timecreated < ?)';
    foreach ($DB->get_records_select('task_adhoc', $select, ['\\' . Task\Smoke::class, campus_smoke_data($which[0]), $which[1]]) as $task) {
        $DB->delete_records('task_adhoc', ['id' => $task->id]);
        $removed[] = "task $task->id";
    }
    return $removed;
}

/** What the task of a run keeps in its row. */
function campus_smoke_data(string $name): string {
    return json_encode(['name' => $name]);
}

/** Agrees to the site's policies for the account, if there is one, as a person has to at the first login. */
function campus_smoke_agree(string $name): void {
    global $DB;
    $user = $DB->get_record('user', ['username' => $name, 'deleted' => 0]);
    if ($user === false || !class_exists(core_privacy\local\sitepolicy\manager::class)) {
        return;
    }
    core\session\manager::set_user($user);
    (new core_privacy\local\sitepolicy\manager())->accept();
    core\session\manager::set_user(get_admin());
}

/** Queues the task and returns its number. */
function campus_smoke_queue(string $name): int {
    $task = new Task\Smoke();
    $task->set_component('core');
    $task->set_custom_data(['name' => $name]);
    return (int) core\task\manager::queue_adhoc_task($task);
}

['verb' => $campusverb, 'name' => $campusname] = Inside::request();
core\session\manager::set_user(get_admin());
$campusanswer = ['changed' => true, 'removed' => campus_smoke_remove($campusverb === 'end' ? $campusname : null)];
if ($campusverb === 'begin') {
    campus_smoke_agree($campusname);
    $campusanswer['task'] = campus_smoke_queue($campusname);
}

Inside::report(['answer' => $campusanswer]);
