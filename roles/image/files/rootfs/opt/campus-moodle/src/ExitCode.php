<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** What the exit status of every command means. */
final class ExitCode
{
    public const OK = 0;
    /** An argument or an environment value is wrong. */
    public const USAGE = 2;
    /** A service that the site needs did not answer within the wait time. */
    public const UNREACHABLE = 3;
    /** The command would lose something, or the versions do not fit. */
    public const REFUSED = 4;
    /** One of Moodle's own scripts failed. */
    public const MOODLE = 5;
    /** Another process held the lock for longer than the wait time. */
    public const LOCKED = 6;
}
