<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/config.php');
require_once($CFG->libdir . '/filelib.php');
require_login();

[$contextid, $component, $area, $itemid, $filename] = array_pad(slash_arguments(), 5, '');
$own = (int) $contextid === context_id(CONTEXT_USER, (int) $USER->id) && "$component/$area" === 'user/draft';
$file = $own ? find_file((int) $contextid, 'user', 'draft', (int) $itemid, $filename) : false;
if ($file === false) {
    not_possible(404, 'Sorry, the requested file could not be found');
}
send_stored_file($file);
