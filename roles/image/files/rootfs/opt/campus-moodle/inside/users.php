<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Makes accounts as they are wanted, all or none. The wish: check (bool), users (list of fields, see the command).
// Reports before and after of what differs, by user name, and what became of each user.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->dirroot . '/user/lib.php';
require __DIR__ . '/plan.php';

$campuswish = Inside::wish();

const CAMPUS_USER_FIELDS = ['auth', 'firstname', 'lastname', 'email', 'idnumber', 'institution', 'department', 'city', 'country', 'lang', 'timezone'];

/** The account as it is, in the words of the wish. */
function campus_user_now(stdClass $user): array {
    $now = ['state' => $user->suspended ? 'suspended' : 'present'];
    foreach (CAMPUS_USER_FIELDS as $field) {
        $now[$field] = (string) $user->$field;
    }
    return $now;
}

/** Whether somebody else has an address, or is to have it. Who gets another one or is deleted leaves the address to others. */
function campus_address_is_taken(array $wanted, array $everybody): bool {
    global $CFG, $DB;
    $email = mb_strtolower($wanted['email']);
    $others = array_filter($everybody, static fn (array $one): bool => $one['username'] !== $wanted['username']);
    $leaving = [$wanted['username']];
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
    $holders = $DB->get_fieldset_sql("SELECT username FROM {user} WHERE $select", [$wanted['email'], $CFG->mnet_localhost_id]);
    return array_diff($holders, $leaving) !== [];
}

/** What is in the way of this wish, one of everybody's, as [code, sentence] each. */
function campus_user_objections(array $wanted, ?stdClass $user, array $everybody): Generator {
    global $CFG;
    $state = $wanted['state'] ?? 'present';
    if ($user !== null && $state !== 'present' && is_siteadmin($user)) {
        yield ['protected', 'is an administrator, who is neither suspended nor deleted.'];
    }
    if ($state === 'absent') {
        return;
    }
    $missing = $user === null ? array_diff(['firstname', 'lastname', 'email'], array_keys($wanted)) : [];
    if ($missing !== []) {
        yield ['incomplete', 'does not exist yet, and a new user needs ' . implode(', ', $missing) . '.'];
    }
    $auth = $wanted['auth'] ?? $user->auth ?? 'manual';
    if (!exists_auth_plugin($auth)) {
        yield ['unknown_auth', "cannot use the authentication '$auth', which this site does not have."];
    } elseif (isset($wanted['password']) && !get_auth_plugin($auth)->is_internal()) {
        yield ['password', "gets the password from '$auth', not from here."];
    }
    $messages = '';
    if (isset($wanted['password']) && campus_password_differs($wanted, $user) && !check_password_policy($wanted['password'], $messages, $user)) {
        yield ['password', 'needs another password: ' . preg_replace('/\s+/', ' ', trim(html_to_text($messages, 0, false)))];
    }
    $newaddress = isset($wanted['email']) && ($user === null || $user->email !== $wanted['email']);
    if ($newaddress && empty($CFG->allowaccountssameemail) && campus_address_is_taken($wanted, $everybody)) {
        yield ['email', "cannot have the address {$wanted['email']}, which another user has or is to have."];
    }
    $fields = array_filter(array_intersect_key($wanted, array_flip(array_diff(CAMPUS_USER_FIELDS, ['auth']))), 'strlen');
    $wrong = core_user::validate((object) (['username' => $wanted['username']] + $fields));
    foreach ($wrong === true ? [] : array_keys($wrong) as $field) {
        yield ['invalid', "cannot have the $field '{$wanted[$field]}': Moodle does not take it."];
    }
}

/** Whether the password has to be written. What is stored is a hash, so this is the one field that cannot be shown. */
function campus_password_differs(array $wanted, ?stdClass $user): bool {
    if (!isset($wanted['password'])) {
        return false;
    }
    return $user === null || (($wanted['update_password'] ?? 'on_create') === 'always' && !validate_internal_user_password($user, $wanted['password']));
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

/** The step for one wish. */
function campus_user_step(array $wanted, ?stdClass $user): array {
    $wanted += ['state' => 'present'] + ($user === null ? ['auth' => 'manual'] : []);
    $now = $user === null ? null : campus_user_now($user);
    $next = $wanted['state'] === 'absent' ? null : array_intersect_key($wanted, ['state' => 1] + array_flip(CAMPUS_USER_FIELDS));
    $step = campus_step($now, $next);
    if ($next !== null && campus_password_differs($wanted, $user)) {
        $step = campus_also($step, 'password', true, true) + ['password' => $wanted['password']];
    }
    return $step + ['name' => $wanted['username'], 'user' => $user, 'id' => $user->id ?? null];
}

$campussteps = [];
$campusproblems = [];
foreach ($campuswish['users'] as $campuswanted) {
    $campusname = $campuswanted['username'];
    $campususer = $DB->get_record('user', ['username' => $campusname, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0]) ?: null;
    foreach (campus_user_objections($campuswanted, $campususer, $campuswish['users']) as [$campuscode, $campuswhy]) {
        $campusproblems[] = ['code' => $campuscode, 'sentence' => "The user $campusname $campuswhy"];
    }
    $campussteps[] = campus_user_step($campuswanted, $campususer);
}

$campuswarnings = [];
if ($campusproblems === [] && !$campuswish['check']) {
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
