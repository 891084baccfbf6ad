<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core;

defined('MOODLE_INTERNAL') || die();

/** What is known of plugins on disk and in the database. */
class plugin_manager {
    public static function instance(): self {
        return new self();
    }

    /** Nothing is remembered here. */
    public static function reset_caches(): void {
    }

    /** @return array<string, array<string, plugininfo\base>> type => name => plugin, also those that are not on disk */
    public function get_plugins(): array {
        $disk = self::on_disk();
        $plugins = [];
        foreach (self::installed() as $component => $version) {
            [$type, $name] = \core_component::normalize_component($component);
            $code = isset($disk[$component]) ? \core_component::read_version($disk[$component]) : null;
            $plugins[$type][$name] = new plugininfo\base($component, $code, $version);
        }
        return $plugins;
    }

    /** @param string[] $failedplugins components whose requirements are not met are added here */
    public function all_plugins_ok(int|float|string $moodleversion, array &$failedplugins = [], ?int $branch = null): bool {
        $failed = self::failing((float) $moodleversion, $branch ?? 0);
        $failedplugins = [...$failedplugins, ...$failed];
        return $failed === [];
    }

    /** @return array<string, string|null> component => version in the database, null when the plugin is only on disk */
    public static function installed(): array {
        global $DB;
        $versions = array_fill_keys(array_keys(self::on_disk()), null);
        foreach ($DB->get_records_menu('config_plugins', ['name' => 'version'], 'plugin', 'plugin, value') as $plugin => $version) {
            $versions[$plugin] = (string) $version;
        }
        ksort($versions);
        return $versions;
    }

    /** @return array<string, string> component => directory */
    public static function on_disk(): array {
        $plugins = [];
        foreach (array_keys(\core_component::get_plugin_types()) as $type) {
            foreach (\core_component::get_plugin_list($type) as $name => $path) {
                $plugins["{$type}_$name"] = $path;
            }
        }
        return $plugins;
    }

    /** @return string[] components the database knows and the disk does not */
    public static function missing(): array {
        return array_keys(array_diff_key(self::installed(), self::on_disk()));
    }

    /** Whether the plugin is part of this code and not an addition. */
    public static function is_standard(string $component): bool {
        global $CFG;
        [$type, $name] = \core_component::normalize_component($component);
        $source = ($CFG->root ?? $CFG->dirroot) . '/lib/plugins.json';
        return in_array($name, json_decode((string) file_get_contents($source), true)['standard'][$type] ?? [], true);
    }

    /**
     * @param float $coreversion version of core the plugins will run with
     * @return string[] components whose requirements this code does not meet
     */
    public static function failing(float $coreversion, int $branch): array {
        $plugins = array_map([\core_component::class, 'read_version'], self::on_disk());
        $failed = [];
        foreach ($plugins as $component => $plugin) {
            $supported = $plugin->supported ?? null;
            $met = (float) ($plugin->requires ?? 0) <= $coreversion
                && ($plugin->component ?? $component) === $component
                && ($supported === null || ($branch >= $supported[0] && $branch <= $supported[1]))
                && (!isset($plugin->incompatible) || $branch < $plugin->incompatible);
            foreach ((array) ($plugin->dependencies ?? []) as $other => $version) {
                $found = $plugins[$other]->version ?? null;
                $met = $met && $found !== null && ($version === ANY_VERSION || $found >= $version);
            }
            $met || $failed[] = $component;
        }
        return $failed;
    }

    /** Removes a plugin from the database: settings, tasks, and its tables when its description is on disk. */
    public static function uninstall(string $component): void {
        global $DB;
        $path = self::on_disk()[$component] ?? '';
        is_file("$path/db/install.xml") && $DB->get_manager()->delete_tables_from_xmldb_file("$path/db/install.xml");
        $DB->delete_records('config_plugins', ['plugin' => $component]);
        $DB->delete_records('task_scheduled', ['component' => $component]);
        $DB->delete_records('task_adhoc', ['component' => $component]);
        // Without this the next look says that an upgrade is pending.
        set_config('allversionshash', \core_component::get_all_versions_hash());
    }
}

class_alias(plugin_manager::class, 'core_plugin_manager');
