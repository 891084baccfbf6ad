<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Caches;
use Campus\Moodle\Child;
use Campus\Moodle\Command;
use Campus\Moodle\Database;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Image;
use Campus\Moodle\Inspection;
use Campus\Moodle\InstallRecord;
use Campus\Moodle\Log;
use Campus\Moodle\Paths;
use Campus\Moodle\SiteSettings;
use Campus\Moodle\SiteState;

/**
 * install: brings an empty database to a finished site, once. Several containers may start it together: one works, the
 * others wait and then find the site. An install that was cut is cleared away and begun anew.
 */
final class Install implements Command
{
    private const LOCK_SECONDS = 1800;

    public function run(array $arguments): int
    {
        Arguments::allow($arguments, []);
        $values = SiteSettings::prepare('install');
        Inspection::mustBeSound($values);
        $database = Database::connect($values);
        $database->lock(self::LOCK_SECONDS);
        $site = SiteState::of($database, $values['MOODLE_SITE_ID']);
        $changed = match (true) {
            $site->state === SiteState::FOREIGN => throw Failure::because(ExitCode::REFUSED, 'foreign', $site->reason),
            $site->usable => $this->complete($database, $values, $site),
            default => $this->install($database, $values, $site),
        };
        Log::result(['changed' => $changed, 'state' => SiteState::of($database, $values['MOODLE_SITE_ID'])->state]);
        return ExitCode::OK;
    }

    /** @param array<string, mixed> $values */
    private function install(Database $database, array $values, SiteState $site): bool
    {
        if ($site->state === SiteState::PARTIAL) {
            $count = InstallRecord::dropTables($database);
            Log::line("An earlier install of this site was cut: dropped its $count tables.");
        }
        InstallRecord::begin($database, $values['MOODLE_SITE_ID'], Image::codeVersion()['version']);
        Log::line('Installing Moodle; this takes one to three minutes.');
        $this->runInstaller($values);
        $this->finish($database, $values, false);
        return true;
    }

    /** @param array<string, mixed> $values */
    private function runInstaller(array $values): void
    {
        $outcome = Child::php([
            Paths::INSIDE . '/install.php',
            '--agree-license',
            // Another language would make the installer download a pack.
            '--lang=en',
            '--adminuser=' . $values['MOODLE_ADMIN_USER'],
            '--adminemail=' . $values['MOODLE_ADMIN_EMAIL'],
            '--fullname=' . $values['MOODLE_FULL_NAME'],
            '--shortname=' . $values['MOODLE_SHORT_NAME'],
        ]);
        if ($outcome->exit !== 0) {
            throw Failure::because(ExitCode::MOODLE, 'moodle', "Moodle's installer failed with exit status {$outcome->exit}; its output is above. Running install again starts anew.");
        }
    }

    /**
     * Moodle is installed; see that nothing is missing at the end.
     *
     * @param array<string, mixed> $values
     */
    private function complete(Database $database, array $values, SiteState $site): bool
    {
        if ($site->state === SiteState::PARTIAL) {
            Log::line('An earlier install of this site was cut in its last steps: repeating them.');
            $this->finish($database, $values, true);
            return true;
        }
        if ($site->siteId === '' && $values['MOODLE_SITE_ID'] !== '') {
            $this->finish($database, $values, false);
            return true;
        }
        return false;
    }

    /** @param array<string, mixed> $values */
    private function finish(Database $database, array $values, bool $complete): void
    {
        Child::inside('finish', [], json_encode([
            'site_id' => $values['MOODLE_SITE_ID'],
            'language' => $this->language($values['MOODLE_LANGUAGE']),
            'complete' => $complete,
            'full_name' => $values['MOODLE_FULL_NAME'],
            'short_name' => $values['MOODLE_SHORT_NAME'],
            'store' => Caches::store($values),
        ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE));
        InstallRecord::finish($database);
    }

    /** The site's language, if the image has its pack; '' leaves English. */
    private function language(string $requested): string
    {
        if ($requested === 'en' || is_dir(Paths::LANGUAGES . "/$requested")) {
            return $requested;
        }
        Log::line("The image has no language pack '$requested': the site starts in English.");
        return '';
    }
}
