<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/** What a field of an account may be. */
class core_user {
    /** @return true|array<string, string> wrong fields and why */
    public static function validate(stdClass $user): true|array {
        $wrong = array_filter([
            'country' => isset($user->country) && preg_match('/^([A-Z]{2})?$/', $user->country) !== 1,
            'lang' => isset($user->lang) && $user->lang !== 'en',
        ]);
        return $wrong === [] ? true : array_map(static fn(): string => 'Invalid parameter value detected', $wrong);
    }
}
