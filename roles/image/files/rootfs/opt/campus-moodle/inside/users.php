<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Makes accounts as requested, all or none. The request: check (bool), users (list of fields, see the command).
// Reports before and after of what differs, by user name, and what became of each user.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->dirroot . '/user/lib.php';
require __DIR__ . '/plan.php';

$campusrequest = Inside::request();

const CAMPUS_USER_FIELDS = ['auth', 'firstname', 'lastname', 'email', 'idnumber', 'institution', 'department', 'city', 'country', 'lang', 'timezone'];

/** The account as it is, in the words of the request. */
function campus_user_now(stdClass $user): array {
    $now = ['state' => $user->suspended ? 'suspended' : 'present'];
    foreach (CAMPUS_USER_FIELDS as $field) {
        $now[$field] = (string) $user->$field;
    }
    return $now;
}

/** Whether somebody else has an address, or is to have it. Who gets another one or is deleted leaves the address to others. */
function campus_address_is_taken(array $requested, array $all): bool {
    global $CFG, $DB;
    $email = mb_strtolower($requested['email']);
    $others = array_filter($all, static fn (array $one): bool => $one['username'] !== $requested['username']);
    $leaving = [$requested['username']];
    foreach ($others as $one) {
        $stays = ($one['state'] ?? 'present') !== 'absent';
        if ($stays && isset($one['email']) && mb_strtolower($one['email']) === $email) {
            return true;
        }
        if (!$stays || isset($one['email'])) {
            $leaving[] = $one['username'];
        }
    }
    // As Moodle's own forms compare.
    $select = $DB->sql_equal('email', '?', false) . ' AND deleted = 0 AND mnethostid = ?';
    $holders = $DB->get_fieldset_sql("SELECT username FROM {user} WHERE $select", [$requested['email'], $CFG->mnet_localhost_id]);
    return array_diff($holders, $leaving) !== [];
}

/** What is in the way of this request, one of all, as [code, sentence] each. */
function campus_user_objections(array $requested, ?stdClass $user, array $all): Generator {
    global $CFG;
    $state = $requested['state'] ?? 'present';
    if ($user !== null && $state !== 'present' && is_siteadmin($user)) {
        yield ['protected', 'is an administrator, who is neither suspended nor deleted.'];
    }
    if ($state === 'absent') {
        return;
    }
    $missing = $user === null ? array_diff(['firstname', 'lastname', 'email'], array_keys($requested)) : [];
    if ($missing !== []) {
        yield ['incomplete', 'does not exist yet, and a new user needs ' . implode(', ', $missing) . '.'];
    }
    $auth = $requested['auth'] ?? $user->auth ?? 'manual';
    if (!exists_auth_plugin($auth)) {
        yield ['unknown_auth', "cannot use the authentication '$auth', which this site does not have."];
    } elseif (isset($requested['password']) && !get_auth_plugin($auth)->is_internal()) {
        yield ['password', "gets the password from '$auth', not from here."];
    }
    $messages = '';
    if (isset($requested['password']) && campus_password_differs($requested, $user) && !check_password_policy($requested['password'], $messages, $user)) {
        yield ['password', 'needs another password: ' . preg_replace('/\s+/', ' ', trim(html_to_text($messages, 0, false)))];
    }
    $newaddress = isset($requested['email']) && ($user === null || $user->email !== $requested['email']);
    if ($newaddress && empty($CFG->allowaccountssameemail) && campus_address_is_taken($requested, $all)) {
        yield ['email', "cannot have the address {$requested['email']}, which another user has or is to have."];
    }
    $fields = array_filter(array_intersect_key($requested, array_flip(array_diff(CAMPUS_USER_FIELDS, ['auth']))), 'strlen');
    $wrong = core_user::validate((object) (['username' => $requested['username']] + $fields));
    foreach ($wrong === true ? [] : array_keys($wrong) as $field) {
        yield ['invalid', "cannot have the $field '{$requested[$field]}': Moodle does not take it."];
    }
}

/** Whether the password has to be written. What is stored is a hash, so this is the one field that cannot be shown. */
function campus_password_differs(array $requested, ?stdClass $user): bool {
    if (!isset($requested['password'])) {
        return false;
    }
    return $user === null || (($requested['update_password'] ?? 'on_create') === 'always' && !validate_internal_user_password($user, $requested['password']));
}

/** Carries one step of the plan out and returns the user's id. */
function campus_user_apply(array $step): ?int {
    global $CFG, $DB;
    $user = $step['user'];
    if ($step['action'] === 'deleted') {
        delete_user($user) || throw new moodle_exception('deletednot', '', '', $user->username);
        return (int) $user->id;
    }
    $record = (object) array_intersect_key($step['after'], array_flip(CAMPUS_USER_FIELDS));
    if (isset($step['after']['state'])) {
        $record->suspended = (int) ($step['after']['state'] === 'suspended');
    }
    if (isset($step['after']['password'])) {
        $record->password = $step['password'];
    }
    if ($user !== null) {
        $record->id = $user->id;
        user_update_user($record, isset($record->password));
        empty($record->suspended) || \core\session\manager::destroy_user_sessions($user->id);
        return (int) $user->id;
    }
    $record->username = $step['name'];
    $record->mnethostid = $CFG->mnet_localhost_id;
    $record->confirmed = 1;
    $haspassword = isset($record->password);
    $record->password ??= AUTH_PASSWORD_NOT_CACHED;
    return user_create_user($record, $haspassword);
}

/** The step for one request. */
function campus_user_step(array $requested, ?stdClass $user): array {
    $requested += ['state' => 'present'] + ($user === null ? ['auth' => 'manual'] : []);
    $now = $user === null ? null : campus_user_now($user);
    $next = $requested['state'] === 'absent' ? null : array_intersect_key($requested, ['state' => 1] + array_flip(CAMPUS_USER_FIELDS));
    $step = campus_step($now, $next);
    if ($next !== null && campus_password_differs($requested, $user)) {
        $step = campus_also($step, 'password', true, true) + ['password' => $requested['password']];
    }
    return $step + ['name' => $requested['username'], 'user' => $user, 'id' => $user->id ?? null];
}

$campussteps = [];
$campusproblems = [];
foreach ($campusrequest['users'] as $campusrequested) {
    $campusname = $campusrequested['username'];
    $campususer = $DB->get_record('user', ['username' => $campusname, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0]) ?: null;
    foreach (campus_user_objections($campusrequested, $campususer, $campusrequest['users']) as [$campuscode, $campuswhy]) {
        $campusproblems[] = ['code' => $campuscode, 'sentence' => "The user $campusname $campuswhy"];
    }
    $campussteps[] = campus_user_step($campusrequested, $campususer);
}

$campuswarnings = [];
if ($campusproblems === [] && !$campusrequest['check']) {
    [$campuswarnings, $campussteps] = campus_carry_out([$campussteps, 'campus_user_apply']);
}

Inside::report([
    'problems' => $campusproblems,
    'warnings' => $campuswarnings,
    'changed' => campus_changing($campussteps) !== [],
    'before' => campus_column($campussteps, 'before'),
    'after' => campus_column($campussteps, 'after'),
    'users' => campus_outcome($campussteps),
]);
