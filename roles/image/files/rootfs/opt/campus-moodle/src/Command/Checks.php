<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;

/** checks [TYPE...]: what Moodle's own checks of the site find. The exit status says nothing about what they find. */
final class Checks implements Command
{
    private const TYPES = ['status', 'security', 'performance'];

    public function run(array $arguments): Inside
    {
        Arguments::allow($arguments, self::TYPES);
        FinishedSite::open();
        return new Inside('checks', ['types' => $arguments ?: ['status']], static fn (array $found) => $found);
    }
}
