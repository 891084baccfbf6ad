<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\FastCgi;
use Campus\Moodle\Log;
use Campus\Moodle\Paths;
use Campus\Moodle\Readiness;
use Campus\Moodle\SiteSettings;

/**
 * health live|ready|web: for health checks of containers.
 *
 * live: PHP-FPM of this container answers its ping. ready: this container may get traffic. web: nginx of this container
 * answers and reaches PHP. Exit status 3: no answer, 4: not ready.
 */
final class Health implements Command
{
    private const TIMEOUT = 4.0;
    private const WEB = 'http://127.0.0.1:8080/-/live';

    public function run(array $arguments): int
    {
        return match (Arguments::word($arguments, ['live', 'ready', 'web'])) {
            'live' => $this->live(),
            'ready' => $this->ready(),
            'web' => $this->web(),
        };
    }

    private function live(): int
    {
        $this->ask('/-/live', '/-/live');
        // Other containers change the configuration of Moodle's caches; no answer is no failure.
        $this->get('/-/refresh.php', Paths::HOME . '/web/refresh.php');
        return ExitCode::OK;
    }

    private function ready(): int
    {
        // Where PHP-FPM runs, its own answer counts (through the pooler, with its OPcache); elsewhere we look ourselves.
        if (is_file(Php::CONFIG)) {
            $answer = json_decode($this->ask('/-/ready.php', Paths::HOME . '/web/ready.php'), true) ?? ['ready' => false, 'reasons' => ['PHP gave no readable answer.']];
        } else {
            is_file(Paths::SETTINGS) || SiteSettings::prepare('site');
            $reasons = Readiness::reasons();
            $answer = ['ready' => $reasons === [], 'reasons' => $reasons];
        }
        Log::result($answer);
        return $answer['ready'] ? ExitCode::OK : ExitCode::REFUSED;
    }

    private function web(): int
    {
        $context = stream_context_create(['http' => ['timeout' => self::TIMEOUT]]);
        if (@file_get_contents(self::WEB, false, $context) === false) {
            throw Failure::because(ExitCode::UNREACHABLE, 'web', 'The web server of this container does not answer, or it does not reach PHP.');
        }
        return ExitCode::OK;
    }

    private function ask(string $name, string $file): string
    {
        $answer = $this->get($name, $file);
        if ($answer === null) {
            throw Failure::because(ExitCode::UNREACHABLE, 'php', 'PHP-FPM of this container does not answer.');
        }
        return $answer['body'];
    }

    /** @return array{status: int, body: string}|null */
    private function get(string $name, string $file): ?array
    {
        return FastCgi::get('127.0.0.1', (int) (getenv('MOODLE_PHP_PORT') ?: 9000), $name, $file, self::TIMEOUT);
    }
}
