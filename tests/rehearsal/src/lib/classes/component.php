<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/**
 * Where plugins live, which are on disk, and the two hashes an upgrade is decided by.
 *
 * With $CFG->alternative_component_cache the list is read from that file and never refreshed by a request; scripts with
 * CACHE_DISABLE_ALL stop when the file is stale.
 */
class core_component {
    /** @var array{plugintypes: array<string, string>, plugins: array<string, array<string, string>>, version: mixed}|null */
    private static ?array $known = null;

    /** @return array<string, string> plugin type => directory */
    public static function get_plugin_types(): array {
        return self::known()['plugintypes'];
    }

    /** @return array<string, string> plugin name => directory, sorted by name */
    public static function get_plugin_list(string $type): array {
        return self::known()['plugins'][$type] ?? [];
    }

    /** @return string|null directory of a component such as mod_forum */
    public static function get_component_directory(string $component): ?string {
        global $CFG;
        if ($component === 'core') {
            return $CFG->libdir;
        }
        [$type, $name] = self::normalize_component($component);
        return self::get_plugin_list($type)[$name] ?? null;
    }

    /** @return array{0: string, 1: string} type and name of a component */
    public static function normalize_component(string $component): array {
        return array_pad(explode('_', $component, 2), 2, '');
    }

    /** @return array<string, mixed> component => version as its version.php says */
    public static function get_all_versions(): array {
        global $CFG;
        $version = null;
        include("$CFG->dirroot/version.php");
        $versions = ['core' => $version];
        foreach (self::get_plugin_types() as $type => $directory) {
            // The list on disk counts here, so that a stale cache file cannot hide a plugin.
            foreach (self::fetch_plugins($directory) as $name => $path) {
                $versions["{$type}_$name"] = self::read_version($path)->version ?? null;
            }
        }
        return $versions;
    }

    /** Changes when the version of core or of any plugin changes. */
    public static function get_all_versions_hash(): string {
        return sha1(serialize(self::get_all_versions()));
    }

    /** Changes when a file in any db directory changes: such an upgrade needs maintenance mode. */
    public static function get_all_component_hash(): string {
        global $CFG;
        $hashes = ['core' => self::hash_directory("$CFG->libdir/db")];
        foreach (self::get_plugin_types() as $type => $directory) {
            foreach (self::fetch_plugins($directory) as $name => $path) {
                $hashes["{$type}_$name"] = self::hash_directory("$path/db");
            }
        }
        return sha1(serialize($hashes));
    }

    /** @return stdClass the $plugin object of a version.php, empty when there is none */
    public static function read_version(string $path): stdClass {
        $plugin = new stdClass();
        $module = $plugin;
        if (is_readable("$path/version.php")) {
            include("$path/version.php");
        }
        return $plugin;
    }

    /** @return string PHP source of the component cache file */
    public static function get_cache_content(): string {
        return "<?php\n\$cache = " . var_export(self::$known ?? self::fetch_all(), true) . ";\n";
    }

    /** Class loader: core\a\b and core_a_b are lib/classes/a/b.php and lib/classes/a_b.php, mod_forum\a is <mod_forum>/classes/a.php. */
    public static function autoload(string $class): void {
        $parts = explode('\\', preg_replace('/^core_(?=\w+$)/', 'core\\\\', $class));
        $directory = count($parts) > 1 ? self::get_component_directory((string) array_shift($parts)) : null;
        $path = "$directory/classes/" . implode('/', $parts) . '.php';
        if ($directory !== null && is_file($path)) {
            require_once($path);
        }
    }

    /** @return array{plugintypes: array<string, string>, plugins: array<string, array<string, string>>, version: mixed} */
    private static function known(): array {
        global $CFG;
        return self::$known ??= self::from_cache((string) ($CFG->alternative_component_cache ?? '')) ?? self::fetch_all();
    }

    /** Reads or writes the administrator's cache file; null when there is none to use. */
    private static function from_cache(string $file): ?array {
        if ($file === '' || (defined('IGNORE_COMPONENT_CACHE') && IGNORE_COMPONENT_CACHE)) {
            return null;
        }
        if (!file_exists($file)) {
            is_writable(dirname($file)) || die("Can not create alternative component cache file $file, can not continue");
            self::$known = self::fetch_all();
            write_file_atomically($file, self::get_cache_content());
            return self::$known;
        }
        if (CACHE_DISABLE_ALL) {
            $fresh = self::fetch_all();
            self::$known = $fresh;
            sha1_file($file) === sha1(self::get_cache_content())
                || die('Outdated component cache file defined in $CFG->alternative_component_cache, can not continue');
            return $fresh;
        }
        $cache = null;
        include($file);
        return $cache;
    }

    /** @return array{plugintypes: array<string, string>, plugins: array<string, array<string, string>>, version: mixed} */
    private static function fetch_all(): array {
        global $CFG;
        $root = $CFG->root ?? $CFG->dirroot;
        $version = null;
        include("$CFG->dirroot/version.php");
        $source = json_decode((string) file_get_contents("$root/lib/components.json"), true);
        $types = array_map(static fn(string $path): string => "$root/$path", $source['plugintypes']);
        return ['plugintypes' => $types, 'plugins' => array_map([self::class, 'fetch_plugins'], $types), 'version' => $version];
    }

    /** @return array<string, string> name => directory of the plugins that have a version.php */
    private static function fetch_plugins(string $directory): array {
        $plugins = [];
        foreach (is_dir($directory) ? scandir($directory) : [] as $name) {
            if (preg_match('/^[a-z][a-z0-9_]*$/', $name) && is_file("$directory/$name/version.php")) {
                $plugins[$name] = "$directory/$name";
            }
        }
        ksort($plugins);
        return $plugins;
    }

    /** Hash over the files directly in a directory; a missing directory has the hash of nothing. */
    private static function hash_directory(string $directory): string {
        $files = array_filter(is_dir($directory) ? (array) glob("$directory/*") : [], 'is_file');
        return sha1(implode('', array_map(static fn(string $file): string => (string) sha1_file($file), $files)));
    }
}

class_alias(core_component::class, 'core\component');
