<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;
use Campus\Moodle\Values;
use InvalidArgumentException;

/** mail --to=ADDRESS: lets Moodle itself send a test mail there, and says what the mail server answered. */
final class Mail implements Command
{
    public function run(array $arguments): Inside
    {
        $to = Arguments::options($arguments, ['--to'])['--to'] ?? '';
        Arguments::allow($arguments, []);
        try {
            Values::email($to);
        } catch (InvalidArgumentException $wrong) {
            throw Failure::because(ExitCode::USAGE, 'usage', "--to {$wrong->getMessage()}");
        }
        FinishedSite::open();
        return new Inside('mail', ['to' => $to], static fn (array $found) => ['to' => $found['to'], 'server' => $found['server']]);
    }
}
