<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Inside;
use Campus\Moodle\Log;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\SiteState;

/**
 * purge: empties all caches of Moodle and gives its styles, scripts and texts new addresses, so that the site shows what another
 * image brings along without a new version. Nothing to do without a finished site.
 */
final class Purge implements Command
{
    public function run(array $arguments): int|Inside
    {
        Arguments::allow($arguments, []);
        $values = SiteSettings::prepare('site');
        $site = SiteState::of(Database::connect($values), $values['MOODLE_SITE_ID']);
        if ($site->state === SiteState::FOREIGN) {
            throw Failure::because(ExitCode::REFUSED, 'foreign', $site->reason);
        }
        if ($site->state !== SiteState::INSTALLED) {
            Log::result(['changed' => false]);
            return ExitCode::OK;
        }
        return new Inside('purge', [], static fn () => ['changed' => true]);
    }
}
