<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

/** A task that runs once. */
abstract class adhoc_task extends task_base {
    private mixed $data = null;

    public function set_custom_data(mixed $data): void {
        $this->data = $data;
    }

    /** @return mixed what was given when the task was queued, objects as stdClass */
    public function get_custom_data(): mixed {
        return isset($this->record) ? json_decode((string) $this->record->customdata) : $this->data;
    }
}
