<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/** What a field of an account may be, and the account that nobody answers to. */
class core_user {
    public static function get_noreply_user(): stdClass {
        global $CFG;
        $name = parse_url($CFG->wwwroot, PHP_URL_HOST) ?: 'localhost';
        return (object) ['id' => -10, 'username' => 'noreply', 'firstname' => 'Do not reply', 'lastname' => '', 'email' => ($CFG->noreplyaddress ?? '') ?: "noreply@$name"];
    }

    /** @return true|array<string, string> wrong fields and why */
    public static function validate(stdClass $user): true|array {
        $wrong = array_filter([
            'country' => isset($user->country) && preg_match('/^([A-Z]{2})?$/', $user->country) !== 1,
            'lang' => isset($user->lang) && $user->lang !== 'en',
        ]);
        return $wrong === [] ? true : array_map(static fn(): string => 'Invalid parameter value detected', $wrong);
    }
}
