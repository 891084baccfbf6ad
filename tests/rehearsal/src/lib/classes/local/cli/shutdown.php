<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\local\cli;

defined('MOODLE_INTERNAL') || die();

/** The first SIGTERM or SIGINT asks to stop after the current task, the second one stops at once. */
class shutdown {
    private static bool $asked = false;

    public static function script_supports_graceful_exit(): void {
        if (!function_exists('pcntl_signal')) {
            return;
        }
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT] as $signal) {
            pcntl_signal($signal, static function (): void {
                cli_heading(self::$asked ? 'Exiting now' : 'Exiting gracefully after the current task');
                self::$asked && exit(1);
                self::$asked = true;
            });
        }
    }

    public static function should_gracefully_exit(): bool {
        return self::$asked;
    }
}
