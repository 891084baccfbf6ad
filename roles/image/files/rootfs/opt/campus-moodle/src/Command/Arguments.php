<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;

/** Checks the arguments of commands, which have few and simple ones. */
final class Arguments
{
    /**
     * @param list<string> $arguments
     * @param list<string> $known
     */
    public static function allow(array $arguments, array $known): void
    {
        $unknown = array_diff($arguments, $known);
        if ($unknown !== []) {
            $allowed = $known === [] ? 'it takes none' : 'it takes ' . implode(', ', $known);
            throw Failure::because(ExitCode::USAGE, 'usage', 'Unknown argument ' . implode(' ', $unknown) . "; $allowed.");
        }
    }

    /**
     * Takes the options out of the arguments: --name, or --name=value.
     *
     * @param list<string> $arguments what is left comes back here
     * @param list<string> $known
     * @return array<string, string> name => value
     */
    public static function options(array &$arguments, array $known): array
    {
        $given = array_filter($arguments, static fn (string $argument) => str_starts_with($argument, '--'));
        $arguments = array_values(array_diff_key($arguments, $given));
        $options = [];
        foreach ($given as $argument) {
            [$name, $value] = explode('=', $argument, 2) + [1 => ''];
            self::allow([$name], $known);
            $options[$name] = $value;
        }
        return $options;
    }

    /**
     * Exactly one of the given words.
     *
     * @param list<string> $arguments
     * @param list<string> $words
     */
    public static function word(array $arguments, array $words): string
    {
        if (count($arguments) !== 1 || !in_array($arguments[0], $words, true)) {
            throw Failure::because(ExitCode::USAGE, 'usage', 'Give one of ' . implode(', ', $words) . '.');
        }
        return $arguments[0];
    }
}
