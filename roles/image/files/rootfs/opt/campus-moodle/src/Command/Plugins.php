<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;

/** plugins: every plugin in the code or in the database, with both versions. */
final class Plugins implements Command
{
    public function run(array $arguments): Inside
    {
        Arguments::allow($arguments, []);
        FinishedSite::open();
        return new Inside('plugins', [], static fn (array $found) => $found);
    }
}
