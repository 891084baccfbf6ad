<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Task;

use core\task\adhoc_task;

/** Does nothing. That it has left the queue proves that the background tasks of the site run. */
final class Smoke extends adhoc_task
{
    public function execute(): void
    {
        mtrace('This task of a smoke test was run.');
    }
}
