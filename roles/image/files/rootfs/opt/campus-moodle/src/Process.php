<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The process of this container. */
final class Process
{
    /**
     * Replaces this process, so that signals reach the program itself.
     *
     * @param list<string> $command program (a path, or a name to be found in PATH) and its arguments
     */
    public static function become(array $command): never
    {
        $program = self::find($command[0]);
        pcntl_exec($program, array_slice($command, 1));
        throw Failure::because(ExitCode::USAGE, 'exec', "Cannot run $program.");
    }

    /** The newest program that matches a pattern; Debian puts PHP's version into the name. */
    public static function newest(string $pattern): string
    {
        $found = glob($pattern) ?: throw Failure::because(ExitCode::REFUSED, 'image', "The image has no $pattern.");
        natsort($found);
        return end($found);
    }

    private static function find(string $name): string
    {
        if (str_contains($name, '/')) {
            return $name;
        }
        foreach (explode(':', getenv('PATH') ?: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin') as $folder) {
            if (is_executable("$folder/$name")) {
                return "$folder/$name";
            }
        }
        throw Failure::because(ExitCode::USAGE, 'exec', "There is no program $name in the image.");
    }
}
