<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Ends a command: an exit status and one clear sentence for the person who reads the log. */
final class Failure extends \RuntimeException
{
    /**
     * @param int $exit one of ExitCode
     * @param string $id short stable name of the problem, for programs (for example 'downgrade')
     * @param list<string> $sentences what is wrong and what to do; one or more
     */
    public function __construct(public readonly int $exit, public readonly string $id, public readonly array $sentences)
    {
        parent::__construct(implode("\n", $sentences));
    }

    public static function because(int $exit, string $id, string $sentence): self
    {
        return new self($exit, $id, [$sentence]);
    }
}
