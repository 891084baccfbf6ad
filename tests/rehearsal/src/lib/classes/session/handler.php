<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\session;

defined('MOODLE_INTERNAL') || die();

/** Keeps session data between requests. */
abstract class handler implements \SessionHandlerInterface {
    abstract public function destroy_all(): void;

    /** @return int seconds without a request after which a session is gone */
    protected function lifetime(): int {
        global $CFG;
        return max(60, (int) ($CFG->sessiontimeout ?? 28800));
    }

    public function open(string $path, string $name): bool {
        return true;
    }

    public function gc(int $max): int|false {
        return 0;
    }
}
