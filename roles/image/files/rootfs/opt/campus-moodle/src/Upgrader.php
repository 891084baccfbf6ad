<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Runs Moodle's upgrade and leaves the site usable, whatever happens. The caller holds the site's lock. */
final class Upgrader
{
    /** So many differences between tables and their description are named. */
    private const SHOWN = 30;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * @param bool $maintenance whether Moodle needs the site in maintenance for this upgrade
     * @return array{warnings: list<string>}
     */
    public function run(bool $maintenance): array
    {
        $schema = MissingTables::withoutPending($this->database, MoodleScript::schemaDifferences());
        $before = $this->fingerprint();
        $wasInMaintenance = MaintenanceMode::isOn($this->database);
        if ($maintenance && !$wasInMaintenance) {
            MoodleScript::must('maintenance', ['--enable'], quiet: true);
        }
        try {
            // Not --maintenance=false: Moodle's scripts read "false" as a text, and a text is true.
            MoodleScript::must('upgrade', ['--non-interactive', ...($maintenance ? [] : ['--no-maintenance'])]);
            $warnings = $this->checkSchema($schema);
            MoodleScript::must('purge_caches', [], quiet: true);
            if ($maintenance && !$wasInMaintenance) {
                MoodleScript::must('maintenance', ['--disable'], quiet: true);
            }
        } catch (Failure $failure) {
            throw $this->afterFailure($failure, $before, $maintenance && !$wasInMaintenance);
        }
        return ['warnings' => $warnings];
    }

    /** Releases Moodle's locks; opens the site again only when it is as it was. */
    private function afterFailure(Failure $failure, string $before, bool $weClosedIt): Failure
    {
        $this->releaseLocks();
        if ($this->fingerprint() !== $before) {
            $closed = MaintenanceMode::isOn($this->database) ? ', so the site stays in maintenance' : '';
            return $failure->with(['database_changed' => true], "The upgrade had changed the database already$closed. Mend the cause and run upgrade again, or restore a backup.");
        }
        if ($weClosedIt) {
            MoodleScript::run('maintenance', ['--disable'], quiet: true);
        }
        return $failure->with(['database_changed' => false], 'Nothing in the database was changed; the site runs as before.');
    }

    private function releaseLocks(): void
    {
        // --is-pending keeps the script from upgrading after it has released the lock; 2 only says that an upgrade is pending.
        MoodleScript::run('upgrade', ['--non-interactive', '--unset-ui-upgrade-lock', '--is-pending'], quiet: true);
        MoodleScript::run('cfg', ['--name=upgraderunning', '--unset'], quiet: true);
    }

    /**
     * @param list<string> $before differences that the site had already
     * @return list<string> warnings
     */
    private function checkSchema(array $before): array
    {
        $found = MoodleScript::schemaDifferences();
        $new = array_values(array_diff($found, $before));
        MissingTables::note($this->database, $found);
        if ($new !== []) {
            throw new Failure(ExitCode::MOODLE, 'schema', ['The upgrade left tables that differ from what Moodle expects:', ...self::first($new)]);
        }
        return $found === [] ? [] : ['Tables differ from what Moodle expects, as they did before the upgrade: ' . implode('; ', self::first($found))];
    }

    /**
     * @param list<string> $differences
     * @return list<string> as many as a person reads
     */
    private static function first(array $differences): array
    {
        $more = count($differences) - self::SHOWN;
        return $more > 0 ? [...array_slice($differences, 0, self::SHOWN), "and $more more"] : $differences;
    }

    /** Changes when versions or tables change; contents of tables do not count. */
    private function fingerprint(): string
    {
        $prefix = $this->database->prefix;
        return hash('sha256', serialize([
            $this->database->settings(['version', 'allversionshash']),
            $this->database->rows("SELECT plugin, value FROM {$prefix}config_plugins WHERE name = 'version' ORDER BY 1"),
            $this->database->rows(
                'SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
                  WHERE table_schema = current_schema() AND starts_with(table_name, ?) ORDER BY 1, 2',
                [$prefix],
            ),
        ]));
    }
}
