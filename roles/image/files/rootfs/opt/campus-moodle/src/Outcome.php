<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** How a child process ended. */
final class Outcome
{
    /**
     * @param int $exit exit status; 128 + signal when a signal ended it
     * @param string $tail last part of what it printed (up to 16 KiB)
     * @param array<string, mixed> $report what it handed back through its report pipe; empty when nothing
     */
    public function __construct(public readonly int $exit, public readonly string $tail, public readonly array $report)
    {
    }
}
