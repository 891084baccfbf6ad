<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports every plugin that is in the code or in the database.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';

/** What Moodle's plugin manager knows of one plugin. Versions are texts, because they are decimal numbers. */
function campus_plugin(\core\plugininfo\base $plugin, array $failing): array {
    $text = static fn (mixed $version): ?string => $version === null ? null : (string) $version;
    return [
        'component' => $plugin->component,
        'version_disk' => $text($plugin->versiondisk),
        'version_database' => $text($plugin->versiondb),
        'release' => $text($plugin->release),
        'status' => $plugin->get_status(),
        'standard' => $plugin->is_standard(),
        'enabled' => $plugin->is_enabled(),
        'requires' => $text($plugin->versionrequires),
        'supported' => $plugin->pluginsupported,
        'dependencies' => (object) array_map('strval', $plugin->get_other_required_plugins()),
        'requirements_met' => !in_array($plugin->component, $failing, true),
    ];
}

/** The version and branch of the code, which the database may not have yet. */
function campus_code(): array {
    global $CFG;
    $version = $branch = null;
    require $CFG->dirroot . '/version.php';
    return [$version, (int) $branch];
}

[$campusversion, $campusbranch] = campus_code();
// What Moodle remembers about plugins may be older than a database that was restored.
core_plugin_manager::reset_caches();
$campusmanager = core_plugin_manager::instance();
$campusfailing = [];
$campusmanager->all_plugins_ok($campusversion, $campusfailing, $campusbranch);

$campusfound = [];
foreach ($campusmanager->get_plugins() as $campusplugins) {
    foreach ($campusplugins as $campusplugin) {
        $campusfound[] = campus_plugin($campusplugin, $campusfailing);
    }
}

Inside::report(['plugins' => $campusfound]);
