<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\check;

defined('MOODLE_INTERNAL') || die();

/** What a check found. */
class result {
    public const NA = 'na';
    public const OK = 'ok';
    public const INFO = 'info';
    public const UNKNOWN = 'unknown';
    public const WARNING = 'warning';
    public const ERROR = 'error';
    public const CRITICAL = 'critical';

    public function __construct(private string $status, private string $summary) {
    }

    public function get_status(): string {
        return $this->status;
    }

    /** @return string HTML */
    public function get_summary(): string {
        return $this->summary;
    }
}
