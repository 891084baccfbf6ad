<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Finds the command, runs it, and turns a failure into sentences and an exit status. */
final class Application
{
    /** @var array<string, class-string<Command>> */
    private const COMMANDS = [
        'adhoc' => Command\Adhoc::class,
        'bake' => Command\Bake::class,
        'checks' => Command\Checks::class,
        'courses' => Command\Courses::class,
        'cron' => Command\Cron::class,
        'exec' => Command\Exec::class,
        'health' => Command\Health::class,
        'info' => Command\Info::class,
        'install' => Command\Install::class,
        'mail' => Command\Mail::class,
        'maintenance' => Command\Maintenance::class,
        'php' => Command\Php::class,
        'plugins' => Command\Plugins::class,
        'preflight' => Command\Preflight::class,
        'purge' => Command\Purge::class,
        'settings' => Command\Settings::class,
        'smoke' => Command\Smoke::class,
        'tasks' => Command\Tasks::class,
        'upgrade' => Command\Upgrade::class,
        'users' => Command\Users::class,
        'web' => Command\Web::class,
    ];

    /** @param list<string> $arguments */
    public static function main(array $arguments): int|Inside
    {
        $name = array_shift($arguments) ?? 'php';
        try {
            return self::command($name)->run($arguments);
        } catch (Failure $failure) {
            return self::failed($failure);
        }
    }

    /** Explains a failure and returns the exit status. */
    public static function failed(Failure $failure): int
    {
        array_map(Log::line(...), $failure->sentences);
        Log::result($failure->answer());
        return $failure->exit;
    }

    private static function command(string $name): Command
    {
        $class = self::COMMANDS[$name] ?? throw Failure::because(
            ExitCode::USAGE,
            'command',
            "There is no command '$name'; the commands are " . implode(', ', array_keys(self::COMMANDS)) . '.',
        );
        return new $class();
    }
}
