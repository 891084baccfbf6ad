<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('NO_MOODLE_COOKIES', true);
define('ABORT_AFTER_CONFIG', true);

require(__DIR__ . '/../config.php');

$path = (string) ($_SERVER['PATH_INFO'] ?? '') ?: (explode('.php', (string) ($_SERVER['REQUEST_URI'] ?? ''), 2)[1] ?? '');
if (preg_match('#^/\d+/(lib/js/[a-z0-9_]+\.js)$#', $path, $match) !== 1 || !is_file("$CFG->dirroot/$match[1]")) {
    http_response_code(404);
    exit('Script was not found');
}
header('Content-Type: text/javascript; charset=utf-8');
header('Cache-Control: public, max-age=7776000, immutable');
header('X-Rehearsal-Build: ' . $CFG->rehearsal->build);
readfile("$CFG->dirroot/$match[1]");
