<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Image;
use Campus\Moodle\Log;

/** info: prints what is in the image. */
final class Info implements Command
{
    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        Log::result(Image::facts());
        return ExitCode::OK;
    }
}
