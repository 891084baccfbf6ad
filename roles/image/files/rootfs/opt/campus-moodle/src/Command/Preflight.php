<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Inspection;
use Campus\Moodle\Log;
use Campus\Moodle\SiteSettings;

/** preflight [--json]: looks, and changes nothing. The sentences go to the log, the JSON object to standard output. */
final class Preflight implements Command
{
    public function run(array $arguments): int
    {
        Arguments::allow($arguments, ['--json']);
        try {
            $result = (new Inspection(SiteSettings::prepare('site')))->run();
        } catch (Failure $failure) {
            $result = $this->failed($failure);
        }
        array_map(static fn (array $problem) => Log::line($problem['sentence']), $result['problems']);
        array_map(Log::line(...), $result['warnings']);
        $exit = $result['exit'];
        unset($result['exit']);
        Log::result($result);
        return $exit;
    }

    /**
     * The environment is wrong, so there is nothing to look at.
     *
     * @return array<string, mixed>
     */
    private function failed(Failure $failure): array
    {
        return [
            'state' => 'unknown', 'database_version' => '', 'code_version' => '', 'action' => 'none',
            'maintenance_required' => false, 'missing_plugins' => [],
            'problems' => array_map(static fn (string $sentence) => ['code' => $failure->id, 'sentence' => $sentence], $failure->sentences),
            'warnings' => [], 'exit' => $failure->exit,
        ];
    }
}
