<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

class file_temp_cleanup_task extends scheduled_task {
    public function execute(): void {
        global $CFG;
        foreach (glob("$CFG->tempdir/*") ?: [] as $path) {
            if (is_file($path) && filemtime($path) < time() - 7 * 86400) {
                unlink($path);
            }
        }
    }
}
