<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\check;

defined('MOODLE_INTERNAL') || die();

/** One check of the site. */
class check {
    /** @param \Closure(): array{0: string, 1: string} $look finds status and summary */
    public function __construct(private string $component, private string $id, private string $name, private \Closure $look) {
    }

    public function get_component(): string {
        return $this->component;
    }

    public function get_ref(): string {
        return "{$this->component}_{$this->id}";
    }

    public function get_name(): string {
        return $this->name;
    }

    public function get_action_link(): ?object {
        return null;
    }

    public function get_result(): result {
        return new result(...($this->look)());
    }
}
