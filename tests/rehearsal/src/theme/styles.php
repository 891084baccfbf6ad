<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('NO_MOODLE_COOKIES', true);
define('ABORT_AFTER_CONFIG', true);

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/themelib.php');

$path = (string) ($_SERVER['PATH_INFO'] ?? '') ?: (explode('.php', (string) ($_SERVER['REQUEST_URI'] ?? ''), 2)[1] ?? '');
$valid = preg_match('#^/([a-z][a-z0-9]*)/(\d+)/all(-rtl)?$#', $path, $match) === 1
    && isset(core_component::get_plugin_list('theme')[$match[1]]);
if (!$valid) {
    http_response_code(404);
    exit('Theme was not found');
}
header('Content-Type: text/css; charset=utf-8');
header('Cache-Control: public, max-age=7776000, immutable');
header('X-Rehearsal-Build: ' . $CFG->rehearsal->build);
readfile(theme_css_file($match[1], (int) $match[2], isset($match[3])));
