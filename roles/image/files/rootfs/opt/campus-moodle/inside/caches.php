<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Points Moodle's application caches to the cache server, or back to files. Sessions stay where they are, and so does what
// belongs to one user's session. To be required after config.php.

const CAMPUS_STORE = 'campus_cache';

/** What is there now: the settings of our store, and whether it holds application data. */
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

/**
 * A payload without Moodle's cache configuration is left alone.
 *
 * @param array|null $store settings of Moodle's redis cache store; null: files
 * @param bool $check compare only
 * @return array changed, before and after (the server; null: files)
 */
function campus_place_caches(?array $store, bool $check): array {
    if (!class_exists('core_cache\config')) {
        return ['changed' => false, 'before' => null, 'after' => null];
    }
    $before = campus_cache_state();
    $changed = $before['store'] != $store || $before['mapped'] !== ($store !== null);
    if ($changed && !$check) {
        purge_all_caches(); // what the old store holds must not come back one day
        campus_apply_store($store, $before);
        purge_all_caches();
    }
    return ['changed' => $changed, 'before' => $before['store']['server'] ?? null, 'after' => $store['server'] ?? null];
}
