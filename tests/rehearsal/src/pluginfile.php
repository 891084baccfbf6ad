<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/config.php');
require_once($CFG->libdir . '/filelib.php');
require_login();

[$contextid, $component, $area, $itemid, $filename] = array_pad(slash_arguments(), 5, '');
$context = $DB->get_record('context', ['id' => (int) $contextid]);
$file = $context === false ? false : find_file((int) $contextid, $component, $area, (int) $itemid, $filename);
// Files of a person are for that person, files of activities for everybody who is logged in.
$own = $context !== false && ((int) $context->contextlevel !== CONTEXT_USER || (int) $context->instanceid === (int) $USER->id);
if ($file === false || !$own) {
    not_possible(404, 'Sorry, the requested file could not be found');
}
send_stored_file($file);
