<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\lock;

defined('MOODLE_INTERNAL') || die();

/** Makes locks of one type; the key holds database and prefix because the server shares its locks. */
class postgres_lock_factory {
    public function __construct(private string $type) {
    }

    /**
     * @param int $timeout seconds to wait, 0 tries once
     * @return lock|false false when somebody else holds it
     */
    public function get_lock(string $resource, int $timeout): lock|false {
        global $CFG, $DB;
        $digest = hash('sha256', "$CFG->dbname|$CFG->prefix|$this->type|$resource", true);
        $key = unpack('q', $digest)[1];
        $end = microtime(true) + $timeout;
        do {
            if ($DB->get_field_sql('SELECT pg_try_advisory_lock(?)', [$key]) === 't') {
                return new lock($key);
            }
            $remaining = $end - microtime(true);
            $remaining > 0 && usleep(min(250_000, (int) ($remaining * 1_000_000)));
        } while ($remaining > 0);
        return false;
    }
}
