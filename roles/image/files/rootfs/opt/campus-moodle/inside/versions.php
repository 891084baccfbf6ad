<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports the plugins in the code with their versions, and the hash over the versions of all components as Moodle stores it in the database
// after an upgrade: php versions.php [SETTINGS]. Needs no database.

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CACHE_DISABLE_ALL', true);
define('IGNORE_COMPONENT_CACHE', true);
if (isset($argv[1])) {
    define('CAMPUS_MOODLE_SETTINGS', $argv[1]);
}

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';

$plugins = [];
foreach (array_keys(core_component::get_plugin_types()) as $type) {
    foreach (array_keys(core_component::get_plugin_list($type)) as $name) {
        $plugins[] = "{$type}_$name";
    }
}

// Texts, because versions are decimal numbers. A version.php may name none.
$versions = array_map('strval', array_filter(core_component::get_all_versions()));
unset($versions['core']);

campus_report(['allversionshash' => core_component::get_all_versions_hash(), 'plugins' => $plugins, 'versions' => $versions]);
