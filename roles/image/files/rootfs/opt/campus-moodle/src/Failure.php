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
     * @param array<string, mixed> $facts what programs have to know beside that
     */
    public function __construct(
        public readonly int $exit,
        public readonly string $id,
        public readonly array $sentences,
        public readonly array $facts = [],
    ) {
        parent::__construct(implode("\n", $sentences));
    }

    public static function because(int $exit, string $id, string $sentence): self
    {
        return new self($exit, $id, [$sentence]);
    }

    /**
     * A failure for several reasons of different kinds.
     *
     * @param list<array{code: string, sentence: string}> $problems one or more
     */
    public static function several(int $exit, array $problems): self
    {
        return new self($exit, $problems[0]['code'], array_column($problems, 'sentence'), ['problems' => $problems]);
    }

    /**
     * The same failure with more to say. Facts that it has already stay.
     *
     * @param array<string, mixed> $facts
     */
    public function with(array $facts, string ...$sentences): self
    {
        return new self($this->exit, $this->id, [...$this->sentences, ...$sentences], $this->facts + $facts);
    }

    /** @return array<string, mixed> the last line of standard output when a command fails */
    public function answer(): array
    {
        return $this->facts + [
            'problems' => array_map(fn (string $sentence) => ['code' => $this->id, 'sentence' => $sentence], $this->sentences),
        ];
    }
}
