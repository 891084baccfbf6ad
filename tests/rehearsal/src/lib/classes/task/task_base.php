<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

/** Something cron runs; the row of the task table comes with it. */
abstract class task_base {
    /** @var \stdClass row of task_scheduled or task_adhoc */
    public \stdClass $record;
    public ?\core\lock\lock $lock = null;

    private string $component = '';

    abstract public function execute(): void;

    public function set_component(string $component): void {
        $this->component = $component;
    }

    /** @return string as set, or the root of the class's namespace */
    public function get_component(): string {
        return $this->component ?: explode('\\', static::class)[0];
    }

    public function get_name(): string {
        return get_class($this);
    }
}
