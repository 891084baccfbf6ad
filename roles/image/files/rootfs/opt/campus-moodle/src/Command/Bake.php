<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle\Command;

use Campus\Moodle\Child;
use Campus\Moodle\Command;
use Campus\Moodle\ExitCode;
use Campus\Moodle\Failure;
use Campus\Moodle\Image;
use Campus\Moodle\Log;
use Campus\Moodle\Paths;

/**
 * bake: the last step of an image build. Runs as root in the image's root, with the code in place, and needs neither
 * environment, network nor database. Writes what no container should work out again: the map of components and classes,
 * the hash that the readiness check compares, and the links that give every PHP the image's settings. Running it twice
 * gives the same files.
 */
final class Bake implements Command
{
    public function run(array $arguments): int
    {
        if (posix_geteuid() !== 0) {
            throw Failure::because(ExitCode::USAGE, 'bake', 'bake runs as root while the image is built, not in a container of a site.');
        }
        $version = Image::codeVersion();
        $this->linkPhpSettings();
        $work = $this->workFolder();
        try {
            $this->bakeComponents("$work/settings.php");
            $found = Child::inside('versions', ["$work/settings.php"]);
            $found += $this->standIns("$work/settings.php");
        } finally {
            $this->remove($work);
        }
        $this->write(Paths::BAKED_VERSIONS, "<?php\n\nreturn " . var_export($version + $found, true) . ";\n");
        Log::result(['version' => $version['version'], 'release' => $version['release'], 'layout' => Image::layout(), 'plugins' => count($found['plugins']), 'strings' => $found['strings'], 'caches' => $found['caches']]);
        return ExitCode::OK;
    }

    /** Debian keeps one folder of settings for each PHP version and kind of process. */
    private function linkPhpSettings(): void
    {
        foreach (glob('/etc/php/*/{cli,fpm}/conf.d', GLOB_BRACE) ?: [] as $folder) {
            $link = "$folder/90-campus-moodle.ini";
            is_link($link) || symlink(Paths::HOME . '/etc/php.ini', $link);
        }
    }

    /** Moodle wants a data folder and an address even where it needs neither. */
    private function workFolder(): string
    {
        $work = sys_get_temp_dir() . '/campus-bake-' . bin2hex(random_bytes(6));
        mkdir("$work/data", 0700, true);
        @mkdir(Paths::BAKED, 0755);
        $this->write("$work/settings.php", "<?php\n" . implode('', array_map(
            static fn (string $name, string $value) => "\$CFG->$name = " . var_export($value, true) . ";\n",
            ['dataroot', 'wwwroot', 'dbtype', 'prefix', 'alternative_component_cache'],
            ["$work/data", 'http://image.invalid', 'pgsql', 'mdl_', Paths::BAKED_COMPONENTS],
        )));
        return $work;
    }

    private function bakeComponents(string $settings): void
    {
        @unlink(Paths::BAKED_COMPONENTS);
        $outcome = Child::php([Paths::INSIDE . '/script.php', $settings, Image::script('alternative_component_cache'), '--rebuild']);
        if ($outcome->exit !== 0 || !is_file(Paths::BAKED_COMPONENTS)) {
            throw Failure::because(ExitCode::MOODLE, 'bake', 'Moodle could not write the map of its components; its output is above.');
        }
        chmod(Paths::BAKED_COMPONENTS, 0644);
    }

    /**
     * Which of our classes fit this Moodle. Another Moodle may have other classes: then it keeps its own as they are.
     *
     * @return array{strings: bool, caches: bool}
     */
    private function standIns(string $settings): array
    {
        $fits = static function (string $name) use ($settings): bool {
            $outcome = Child::php([Paths::INSIDE . '/stand_in.php', $settings, $name]);
            return $outcome->exit === 0 && ($outcome->report['fits'] ?? false);
        };
        return ['strings' => $fits('strings'), 'caches' => $fits('caches')];
    }

    private function write(string $path, string $text): void
    {
        if (file_put_contents($path, $text) === false) {
            throw Failure::because(ExitCode::REFUSED, 'bake', "Cannot write $path.");
        }
        chmod($path, 0644);
    }

    private function remove(string $folder): void
    {
        $tree = new \RecursiveIteratorIterator(
            new \RecursiveDirectoryIterator($folder, \FilesystemIterator::SKIP_DOTS),
            \RecursiveIteratorIterator::CHILD_FIRST,
        );
        foreach ($tree as $entry) {
            $entry->isDir() ? rmdir($entry->getPathname()) : unlink($entry->getPathname());
        }
        rmdir($folder);
    }
}
