<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Caches;
use Campus\Moodle\Command;
use Campus\Moodle\FinishedSite;
use Campus\Moodle\Inside;
use Campus\Moodle\Log;
use Campus\Moodle\Mask;
use Campus\Moodle\RequestedSettings;

/**
 * settings [--check]: enforces the settings that come as JSON on standard input, and the place of Moodle's caches. With
 * --check it only says what differs.
 */
final class Settings implements Command
{
    public function run(array $arguments): Inside
    {
        Arguments::allow($arguments, ['--check']);
        $check = $arguments !== [];
        $requested = RequestedSettings::parse((string) stream_get_contents(STDIN));
        [$values] = FinishedSite::open();
        return new Inside('settings', ['check' => $check, 'settings' => $requested, 'store' => Caches::store($values)], self::answer(...));
    }

    /**
     * @param array<string, mixed> $found
     * @return array<string, mixed>
     */
    private static function answer(array $found): array
    {
        foreach ($found['locked'] as $name) {
            Log::line("The setting $name is decided by this image's configuration; the requested value has no effect.");
        }
        return [
            'changed' => $found['changed'],
            'before' => (object) Mask::settings($found['before'], Mask::SECRET),
            'after' => (object) Mask::settings($found['after'], Mask::NEW_SECRET),
            'locked' => $found['locked'],
        ];
    }
}
