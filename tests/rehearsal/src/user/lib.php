<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Making and changing accounts.
 */

defined('MOODLE_INTERNAL') || die();

function user_create_user(stdClass $user, bool $updatepassword = true): int {
    global $DB;
    $user = clone $user;
    $password = $updatepassword ? checked_password($user) : null;
    if ($password !== null) {
        $user->password = hash_internal_user_password($password);
    }
    $id = $DB->insert_record('user', (array) $user + ['lang' => get_config('core', 'lang'), 'timecreated' => time(), 'timemodified' => time()]);
    context_id(CONTEXT_USER, $id);
    return $id;
}

function user_update_user(stdClass $user, bool $updatepassword = true): void {
    global $DB;
    $user = clone $user;
    $password = $updatepassword ? checked_password($user) : null;
    if ($password !== null) {
        $user->password = hash_internal_user_password($password);
    }
    $DB->update_record('user', ['timemodified' => time()] + (array) $user);
}

/** @return string|null the password of the record, if it has one; the policy decides */
function checked_password(stdClass $user): ?string {
    $message = '';
    if (isset($user->password) && !check_password_policy($user->password, $message)) {
        throw new moodle_exception($message);
    }
    return $user->password ?? null;
}
