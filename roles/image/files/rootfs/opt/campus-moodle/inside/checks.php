<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports the checks of the requested types, with status and summary each.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';
// Some checks format for a terminal.
require_once $CFG->libdir . '/clilib.php';

/** One check that cannot give an answer must not hide the others. */
function campus_check(string $type, \core\check\check $check): array {
    try {
        $result = $check->get_result();
        [$status, $summary] = [$result->get_status(), $result->get_summary()];
    } catch (Throwable $error) {
        [$status, $summary] = [\core\check\result::UNKNOWN, 'The check itself failed: ' . $error->getMessage()];
    }
    $link = $check->get_action_link();
    return [
        'ref' => $check->get_ref(),
        'type' => $type,
        'component' => $check->get_component(),
        'name' => html_to_text($check->get_name(), 0, false),
        'status' => $status,
        'summary' => trim(html_to_text($summary, 0, false)),
        'url' => $link === null ? '' : $link->url->out(false),
    ];
}

$campusfound = [];
foreach (Inside::request()['types'] as $campustype) {
    foreach (\core\check\manager::get_checks($campustype) as $campuscheck) {
        $campusfound[] = campus_check($campustype, $campuscheck);
    }
}

Inside::report(['checks' => $campusfound]);
