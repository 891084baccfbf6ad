<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

class task_log_cleanup_task extends scheduled_task {
    public function execute(): void {
        global $CFG, $DB;
        $DB->execute('DELETE FROM {task_log} WHERE timeend < ?', [time() - (int) ($CFG->task_logretention ?? 2419200)]);
    }
}
