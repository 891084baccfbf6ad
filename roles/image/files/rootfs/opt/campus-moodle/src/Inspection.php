<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Looks at everything that a start, an install or an upgrade needs, and changes nothing. */
final class Inspection
{
    /** @var list<array{code: string, sentence: string}> */
    private array $problems = [];
    /** @var list<string> */
    private array $warnings = [];
    private int $exit = ExitCode::OK;
    /** @var array<string, mixed> */
    private array $facts = ['state' => 'unknown', 'database_version' => '', 'code_version' => '', 'action' => 'none', 'maintenance_required' => false, 'missing_plugins' => []];

    /**
     * @param array<string, mixed> $values as Environment::read gives for 'site'
     */
    public function __construct(private readonly array $values)
    {
    }

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed> as run()
     * @throws Failure with every problem as a sentence
     */
    public static function mustBeSound(array $values): array
    {
        $result = (new self($values))->run();
        array_map(Log::line(...), $result['warnings']);
        if ($result['problems'] !== []) {
            throw Failure::several($result['exit'], $result['problems']);
        }
        return $result;
    }

    /**
     * @return array<string, mixed> state, database_version, code_version, action, maintenance_required, missing_plugins,
     *     problems, warnings and exit (see ExitCode)
     */
    public function run(): array
    {
        $code = Code::inImage($this->values['MOODLE_ENVIRONMENT']);
        $this->facts['code_version'] = $code->version;
        $this->lookAtData();
        $this->lookAtServers();
        try {
            $database = Database::connect($this->values);
            $this->lookAtRequirements($code, $database->serverVersion());
            $this->lookAtSite($database, $code);
        } catch (Failure $failure) {
            $this->lookAtRequirements($code, 0);
            $this->problem($failure->exit, $failure->id, $failure->getMessage());
        }
        return $this->result();
    }

    /** @return array<string, mixed> */
    private function result(): array
    {
        return $this->facts + ['problems' => $this->problems, 'warnings' => $this->warnings, 'exit' => $this->exit];
    }

    private function problem(int $exit, string $code, string $sentence): void
    {
        $this->problems[] = ['code' => $code, 'sentence' => $sentence];
        $this->exit = max($this->exit, $exit);
    }

    private function lookAtData(): void
    {
        $probe = Paths::DATA . '/.campus-' . bin2hex(random_bytes(4));
        if (@file_put_contents($probe, '') === false) {
            $this->problem(ExitCode::REFUSED, 'data', sprintf('The data folder %s cannot be written by user %d: mount a volume there that belongs to that user.', Paths::DATA, posix_geteuid()));
            return;
        }
        unlink($probe);
    }

    private function lookAtServers(): void
    {
        $values = $this->values;
        if ($values['MOODLE_SESSION_HOST'] === '') {
            $this->warnings[] = 'Sessions are kept in the database because MOODLE_SESSION_HOST is not set.';
        } elseif ($why = Valkey::waitFor($values, 'SESSION', $values['MOODLE_DATABASE_WAIT'])) {
            $this->problem(ExitCode::UNREACHABLE, 'sessions', "The session server {$values['MOODLE_SESSION_HOST']} cannot be used: $why.");
        }
        if ($values['MOODLE_CACHE_HOST'] !== '' && $why = Valkey::problem($values, 'CACHE')) {
            $this->warnings[] = "The cache server {$values['MOODLE_CACHE_HOST']} does not answer now: $why.";
        }
    }

    private function lookAtRequirements(Code $code, int $postgresql): void
    {
        $facts = Image::facts();
        if (!Requirements::knows($facts, $code->branch)) {
            $this->warnings[] = "The code belongs to branch {$code->branch}, the image to {$facts['branch']}: what the code needs was not checked.";
            return;
        }
        foreach (Requirements::unmet($facts, PHP_VERSION, $postgresql, get_loaded_extensions()) as $sentence) {
            $this->problem(ExitCode::REFUSED, 'requirement', $sentence);
        }
    }

    private function lookAtSite(Database $database, Code $code): void
    {
        $site = SiteState::of($database, $this->values['MOODLE_SITE_ID']);
        $this->facts = ['state' => $site->state, 'database_version' => $site->version] + $this->facts;
        if ($site->state === SiteState::FOREIGN) {
            $this->problem(ExitCode::REFUSED, 'foreign', "$site->reason Give the site an empty database, or the right MOODLE_SITE_ID.");
            return;
        }
        if ($site->state !== SiteState::INSTALLED) {
            $this->facts['action'] = 'install';
            return;
        }
        if ($site->siteId === '') {
            $this->warnings[] = 'The tables do not say yet which site they belong to; the next install or upgrade marks them.';
        }
        $this->lookAtVersions($database, $code, $site);
    }

    private function tooOld(Code $code, SiteState $site): string
    {
        $facts = Image::facts();
        return Requirements::knows($facts, $code->branch) ? Requirements::tooOldFor($facts, $site->release) : '';
    }

    private function lookAtVersions(Database $database, Code $code, SiteState $site): void
    {
        $known = Plugins::known($database);
        $this->facts['missing_plugins'] = Plugins::missing($known, $code);
        if ($code->isOlderThan($site->version)) {
            $this->problem(ExitCode::REFUSED, 'downgrade', "The database belongs to Moodle {$site->release} ({$site->version}), the image holds the older {$code->release} ({$code->version}): Moodle cannot go back. Use the newer image, or restore a backup.");
            return;
        }
        if ($least = $this->tooOld($code, $site)) {
            $this->problem(ExitCode::REFUSED, 'requirement', "The database belongs to Moodle {$site->release}, and Moodle {$code->release} upgrades from $least or later. Upgrade the site to a release in between first.");
            return;
        }
        $older = Plugins::older($known, $code);
        if ($older !== []) {
            // Moodle itself would see it in the middle of its upgrade.
            $this->problem(ExitCode::REFUSED, 'downgrade', 'The image holds older versions of plugins than the database: ' . implode(', ', $older) . '. Moodle cannot go back; put the newer versions into the image, or restore a backup.');
        }
        if ($this->facts['missing_plugins'] !== []) {
            $this->problem(ExitCode::REFUSED, 'missing_plugin', 'The database knows plugins that the image lacks: ' . implode(', ', $this->facts['missing_plugins']) . '. Add them to the image, or uninstall them in Moodle first; nothing is removed because it is missing.');
        }
        if ($older !== [] || $this->facts['missing_plugins'] !== [] || $code->versionsHash === $site->versionsHash) {
            return;
        }
        $this->facts['maintenance_required'] = MoodleScript::needsMaintenance();
        $this->facts['action'] = $this->facts['maintenance_required'] ? 'upgrade' : 'code';
    }
}
