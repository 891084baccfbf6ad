<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports which of the given plugins Moodle itself took out of its distribution; their tables are dropped by Moodle's own
// upgrade, so nobody has to bring the code: php removed.php COMPONENT... Needs no database.

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);

$components = array_slice($argv, 1);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';

$removed = [];
if (method_exists('core_plugin_manager', 'is_deleted_standard_plugin')) {
    foreach ($components as $component) {
        [$type, $name] = explode('_', $component, 2);
        if (core_plugin_manager::is_deleted_standard_plugin($type, $name)) {
            $removed[] = $component;
        }
    }
}

campus_report(['removed' => $removed]);
