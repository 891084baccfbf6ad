<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/** Maps Campus\Moodle\A\B to src/A/B.php. */
spl_autoload_register(static function (string $class): void {
    $prefix = 'Campus\\Moodle\\';
    if (str_starts_with($class, $prefix)) {
        require __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    }
});
