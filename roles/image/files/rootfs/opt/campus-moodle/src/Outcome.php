<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** How a child process ended. */
final class Outcome
{
    /** So much of the output explains a failure. */
    private const LINES = 12;

    /**
     * @param int $exit exit status; 128 + signal when a signal ended it
     * @param string $tail last part of what it printed (16 KiB where the caller wants no more)
     * @param array<string, mixed> $report what it handed back through its report pipe; empty when nothing
     * @param bool $isWhole whether the tail is all that it printed
     */
    public function __construct(
        public readonly int $exit,
        public readonly string $tail,
        public readonly array $report,
        public readonly bool $isWhole = true,
    ) {
    }

    /** @param string $what what failed, without a full stop */
    public function failure(string $what): Failure
    {
        $lines = array_filter(array_map(rtrim(...), preg_split('/\R/', $this->tail) ?: []));
        return new Failure(ExitCode::MOODLE, 'moodle', ["$what; the end of its output:", ...array_slice(array_values($lines), -self::LINES)]);
    }
}
