<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Points Moodle's application caches to the cache server, or back to files. Reads one JSON object: check (bool), store (null,
// or the settings of Moodle's redis cache store). Sessions stay where they are, and so does what belongs to one user's session.
// Reports changed, before and after (the server). A payload without Moodle's cache configuration is left alone.

define('CLI_SCRIPT', true);

$campuswish = json_decode(stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';

const CAMPUS_STORE = 'campus_cache';

/** What is there now: the settings of our store, and which store holds application data. */
function campus_cache_state(): array {
    $config = \core_cache\config::instance();
    $mapped = array_filter($config->get_mode_mappings(), static fn (array $one): bool => $one['mode'] === \core_cache\store::MODE_APPLICATION);
    return [
        'store' => $config->get_all_stores()[CAMPUS_STORE]['configuration'] ?? null,
        'mapped' => in_array(CAMPUS_STORE, array_column($mapped, 'store'), true),
    ];
}

/** Moves the application mode to one store; the two other modes keep what Moodle gives them. */
function campus_map_application(\core_cache\config_writer $writer, string $store): void {
    $writer->set_mode_mappings([
        \core_cache\store::MODE_APPLICATION => [$store],
        \core_cache\store::MODE_SESSION => ['default_session'],
        \core_cache\store::MODE_REQUEST => ['default_request'],
    ]);
}

function campus_apply_store(?array $store, array $before): void {
    $writer = \core_cache\config_writer::instance();
    if ($store === null) {
        campus_map_application($writer, 'default_application');
        $writer->delete_store_instance(CAMPUS_STORE);
        return;
    }
    $before['store'] === null
        ? $writer->add_store_instance(CAMPUS_STORE, 'redis', $store)
        : $writer->edit_store_instance(CAMPUS_STORE, 'redis', $store);
    campus_map_application($writer, CAMPUS_STORE);
}

if (!class_exists('core_cache\config_writer')) {
    campus_report(['changed' => false, 'before' => null, 'after' => null]);
    exit(0);
}

$campusbefore = campus_cache_state();
$campusstore = $campuswish['store'];
$campuschanged = $campusbefore['store'] != $campusstore || $campusbefore['mapped'] !== ($campusstore !== null);

if ($campuschanged && !$campuswish['check']) {
    purge_all_caches(); // what the old store holds must not come back one day
    campus_apply_store($campusstore, $campusbefore);
    purge_all_caches();
}

campus_report(['changed' => $campuschanged, 'before' => $campusbefore['store']['server'] ?? null, 'after' => $campusstore['server'] ?? null]);
