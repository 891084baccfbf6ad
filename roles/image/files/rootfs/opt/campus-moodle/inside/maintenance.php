<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Closes the site, opens it, or sets the date when it closes, as Moodle's own maintenance.php does, which knows no message.
// The request: state (on, off, later), begins (seconds since 1970, or null), message (HTML; '' for Moodle's own).

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
require_once $CFG->libdir . '/adminlib.php';

$campusrequest = Inside::request();

$campusfile = "$CFG->dataroot/climaintenance.html";

if ((string) get_config('core', 'maintenance_message') !== $campusrequest['message']) {
    $campusrequest['message'] === '' ? unset_config('maintenance_message') : set_config('maintenance_message', $campusrequest['message']);
}
$campusrequest['begins'] === null ? unset_config('maintenance_later') : set_config('maintenance_later', $campusrequest['begins']);
if ($campusrequest['state'] === 'on') {
    // A site that only administrators can enter is closed enough. The page is written anew for the message.
    empty(get_config('core', 'maintenance_enabled')) && enable_cli_maintenance_mode();
} else {
    set_config('maintenance_enabled', 0);
    file_exists($campusfile) && unlink($campusfile);
}

Inside::report(['done' => true]);
