<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// The last steps of an install, each safe to repeat. Reads one JSON object: site_id, language, complete (whether Moodle's own
// last steps were cut), full_name, short_name, store (see caches.php). Reports what it changed.

define('CLI_SCRIPT', true);

$campusrequest = json_decode(stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';
require __DIR__ . '/caches.php';

$campuschanged = [];

if ($campusrequest['complete']) {
    // What install_cli_database does after it has set rolesactive.
    require_once $CFG->libdir . '/adminlib.php';
    if (function_exists('admin_apply_default_settings')) {
        \core\session\manager::set_user(get_admin());
        admin_apply_default_settings(null, false);
    }
    if ($DB->get_manager()->table_exists('course')) {
        $DB->execute("UPDATE {course} SET fullname = ? WHERE format = 'site' AND fullname = ''", [$campusrequest['full_name']]);
        $DB->execute("UPDATE {course} SET shortname = ? WHERE format = 'site' AND shortname = ''", [$campusrequest['short_name']]);
    }
    $campuschanged[] = 'defaults';
}

foreach (['campus_site_id' => $campusrequest['site_id'], 'lang' => $campusrequest['language']] as $campusname => $campusvalue) {
    if ($campusvalue !== '' && (string) get_config('core', $campusname) !== $campusvalue) {
        set_config($campusname, $campusvalue);
        $campuschanged[] = $campusname;
    }
}

if ($campusrequest['complete']) {
    purge_all_caches();
}

if (campus_place_caches($campusrequest['store'], false)['changed']) {
    $campuschanged[] = 'caches';
}

campus_report(['changed' => $campuschanged]);
