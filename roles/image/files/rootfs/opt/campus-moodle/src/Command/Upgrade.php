<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Inspection;
use Campus\Moodle\Failure;
use Campus\Moodle\Log;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\Upgrader;

/**
 * upgrade [--allow-maintenance]: brings the database to the version of the code. Refuses what would lose something; takes
 * the site into maintenance only when Moodle needs that and the caller allows it.
 */
final class Upgrade implements Command
{
    private const LOCK_SECONDS = 1800;

    public function run(array $arguments): int
    {
        Arguments::allow($arguments, ['--allow-maintenance']);
        try {
            Log::result($this->upgrade($arguments !== []));
        } catch (Failure $failure) {
            // The upgrader knows; what failed before it had not begun to change anything.
            throw $failure->with(['database_changed' => false]);
        }
        return ExitCode::OK;
    }

    /** @return array<string, mixed> */
    private function upgrade(bool $maintenanceAllowed): array
    {
        $started = microtime(true);
        $values = SiteSettings::prepare('site');
        $database = Database::connect($values);
        $database->lock(self::LOCK_SECONDS);
        $plan = Inspection::mustBeSound($values);
        if ($plan['action'] === 'install') {
            throw Failure::because(ExitCode::REFUSED, 'not_installed', 'There is no finished Moodle in the database; run install first.');
        }
        if ($plan['maintenance_required'] && !$maintenanceAllowed) {
            throw Failure::because(ExitCode::REFUSED, 'maintenance', 'This upgrade changes the database, so the site has to go into maintenance; run it with --allow-maintenance.');
        }
        $result = $plan['action'] === 'none' ? ['warnings' => []] : (new Upgrader($database))->run($plan['maintenance_required']);
        return [
            'changed' => $plan['action'] !== 'none',
            'from' => $plan['database_version'],
            'to' => $plan['code_version'],
            'maintenance' => $plan['maintenance_required'],
            'seconds' => round(microtime(true) - $started, 1),
        ] + $result;
    }
}
