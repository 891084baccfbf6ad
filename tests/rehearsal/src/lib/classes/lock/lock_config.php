<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\lock;

defined('MOODLE_INTERNAL') || die();

/** Locks are PostgreSQL session locks: they end when the process or its connection ends. */
class lock_config {
    public static function get_lock_factory(string $type): postgres_lock_factory {
        return new postgres_lock_factory($type);
    }
}
