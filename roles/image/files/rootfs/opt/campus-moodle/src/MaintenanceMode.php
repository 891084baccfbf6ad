<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Moodle's two kinds of maintenance: a file that closes the site, and a setting that lets administrators in. */
final class MaintenanceMode
{
    public static function isOn(Database $database): bool
    {
        return is_file(Paths::MAINTENANCE_FILE) || !empty($database->settings(['maintenance_enabled'])['maintenance_enabled'] ?? '');
    }
}
