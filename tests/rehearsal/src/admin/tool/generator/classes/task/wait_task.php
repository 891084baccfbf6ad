<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace tool_generator\task;

defined('MOODLE_INTERNAL') || die();

/** Takes a number of seconds, to be seen running; custom data: seconds, fail. */
class wait_task extends \core\task\adhoc_task {
    public function execute(): void {
        $data = $this->get_custom_data();
        $end = time() + (int) ($data->seconds ?? 0);
        mtrace('Waiting until ' . date('H:i:s', $end));
        while (time() < $end) {
            usleep(200_000);
        }
        if (!empty($data->fail)) {
            throw new \RuntimeException('This task was asked to fail.');
        }
    }
}
