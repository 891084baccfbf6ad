<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** One command of the image. */
interface Command
{
    /**
     * @param list<string> $arguments what follows the command's name
     * @return int|Inside one of ExitCode, or what is left to do inside Moodle
     * @throws Failure
     */
    public function run(array $arguments): int|Inside;
}
