<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** What the commands begin with that need a finished Moodle. */
final class FinishedSite
{
    /**
     * Reads the environment, renders the settings, and looks whether the database holds a finished Moodle of this site.
     *
     * @param bool $current whether the database must also have the version of the code
     * @return array{array<string, mixed>, Database} the environment's values and a connection
     */
    public static function open(bool $current = false): array
    {
        $values = SiteSettings::prepare('site');
        $database = Database::connect($values);
        $site = SiteState::of($database, $values['MOODLE_SITE_ID']);
        if ($site->state !== SiteState::INSTALLED) {
            throw Failure::because(ExitCode::REFUSED, 'not_installed', 'There is no finished Moodle of this site in the database.');
        }
        if ($current && $site->versionsHash !== Code::inImage($values['MOODLE_ENVIRONMENT'])->versionsHash) {
            throw Failure::because(ExitCode::REFUSED, 'upgrade_pending', 'The database does not have the version of the code; run upgrade first.');
        }
        return [$values, $database];
    }
}
