<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Compares and enforces settings. Reads one JSON object: check (bool), settings (component => name => value; null removes).
// Reports before and after of what differs, and what config.php decides.

define('CLI_SCRIPT', true);

$campuswish = json_decode(stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';

/** The value as Moodle stores it; null when there is none. */
function campus_stored(string $component, string $name): ?string {
    $value = get_config($component, $name);
    return $value === false ? null : (string) $value;
}

/** Whether config.php, and not the database, decides a setting. */
function campus_is_locked(string $component, string $name): bool {
    global $CFG;
    return $component === 'core'
        ? array_key_exists($name, $CFG->config_php_settings ?? [])
        : array_key_exists($name, $CFG->forced_plugin_settings[$component] ?? []);
}

$campusfound = ['changed' => false, 'before' => [], 'after' => [], 'locked' => []];

foreach ($campuswish['settings'] as $campuscomponent => $campusvalues) {
    foreach ($campusvalues as $campusname => $campusvalue) {
        $campusbefore = campus_stored($campuscomponent, $campusname);
        if ($campusbefore === $campusvalue) {
            continue;
        }
        if (campus_is_locked($campuscomponent, $campusname)) {
            $campusfound['locked'][] = "$campuscomponent/$campusname";
            continue;
        }
        $campusfound['changed'] = true;
        $campusfound['before'][$campuscomponent][$campusname] = $campusbefore;
        $campusfound['after'][$campuscomponent][$campusname] = $campusvalue;
        if ($campuswish['check']) {
            continue;
        }
        $campusplugin = $campuscomponent === 'core' ? null : $campuscomponent;
        $campusvalue === null ? unset_config($campusname, $campusplugin) : set_config($campusname, $campusvalue, $campusplugin);
    }
}

// Many settings live on in built pages, styles and menus.
if ($campusfound['changed'] && !$campuswish['check']) {
    purge_all_caches();
}

campus_report($campusfound);
