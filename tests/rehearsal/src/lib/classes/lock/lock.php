<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\lock;

defined('MOODLE_INTERNAL') || die();

/** A lock that is held. */
class lock {
    public function __construct(private int $key) {
    }

    public function release(): void {
        global $DB;
        $DB->get_field_sql('SELECT pg_advisory_unlock(?)', [$this->key]);
    }
}
