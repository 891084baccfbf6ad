<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

class session_cleanup_task extends scheduled_task {
    public function execute(): void {
        global $CFG, $DB;
        $DB->execute('DELETE FROM {sessions} WHERE timemodified < ?', [time() - (int) ($CFG->sessiontimeout ?? 28800)]);
        $DB->execute('DELETE FROM {user_password_resets} WHERE timerequested < ?', [time() - 1800]);
    }
}
