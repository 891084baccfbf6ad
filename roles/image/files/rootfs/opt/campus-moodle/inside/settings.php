<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Compares and enforces settings, and where Moodle's caches are. The request: check (bool), settings (component =>
// name => value; null removes), store (see caches.php). Reports before and after of what differs, and what config.php decides.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require __DIR__ . '/caches.php';

$campusrequest = Inside::request();

/** What config.php, and not the database, decides for a component. */
function campus_locked(string $component): array {
    global $CFG;
    return $component === 'core' ? $CFG->config_php_settings ?? [] : $CFG->forced_plugin_settings[$component] ?? [];
}

/** The value as a request for it is stored; null when there is none. get_config would give '' for a false of config.php. */
function campus_stored(string $component, string $name): ?string {
    $locked = campus_locked($component);
    if (!array_key_exists($name, $locked)) {
        $value = get_config($component, $name);
        return $value === false ? null : (string) $value;
    }
    return match (true) {
        is_bool($locked[$name]) => $locked[$name] ? '1' : '0',
        is_scalar($locked[$name]) => (string) $locked[$name],
        default => '',
    };
}

$campusfound = ['changed' => false, 'before' => [], 'after' => [], 'locked' => []];

foreach ($campusrequest['settings'] as $campuscomponent => $campusvalues) {
    foreach ($campusvalues as $campusname => $campusvalue) {
        $campusbefore = campus_stored($campuscomponent, $campusname);
        if ($campusbefore === $campusvalue) {
            continue;
        }
        if (array_key_exists($campusname, campus_locked($campuscomponent))) {
            $campusfound['locked'][] = "$campuscomponent/$campusname";
            continue;
        }
        $campusfound['changed'] = true;
        $campusfound['before'][$campuscomponent][$campusname] = $campusbefore;
        $campusfound['after'][$campuscomponent][$campusname] = $campusvalue;
        if ($campusrequest['check']) {
            continue;
        }
        $campusplugin = $campuscomponent === 'core' ? null : $campuscomponent;
        $campusvalue === null ? unset_config($campusname, $campusplugin) : set_config($campusname, $campusvalue, $campusplugin);
    }
}

// Many settings live on in built pages, styles and menus.
if ($campusfound['changed'] && !$campusrequest['check']) {
    purge_all_caches();
}

$campuscaches = campus_place_caches($campusrequest['store'], $campusrequest['check']);
if ($campuscaches['changed']) {
    $campusfound['changed'] = true;
    $campusfound['before']['campus']['cache_server'] = $campuscaches['before'];
    $campusfound['after']['campus']['cache_server'] = $campuscaches['after'];
}

Inside::report($campusfound);
