<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

/** A task with a schedule of minute, hour, day, month and day of the week. */
abstract class scheduled_task extends task_base {
    /** @return string "minute hour day month dayofweek" */
    public function get_schedule(): string {
        return implode(' ', array_map(fn(string $part): string => $this->record->$part, manager::SCHEDULE));
    }
}
