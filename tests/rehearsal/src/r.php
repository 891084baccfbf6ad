<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Router: the web server sends requests here that are neither a file nor a script.
 */

require(__DIR__ . '/config.php');
require_once($CFG->libdir . '/courselib.php');

$routes = [
    '#^/api/rest/v2/openapi\.json$#' => static function (): void {
        header('Content-Type: application/json; charset=utf-8');
        $info = ['title' => 'Rehearsal payload, not Moodle', 'version' => $GLOBALS['CFG']->release];
        echo json_encode(['openapi' => '3.1.0', 'info' => $info, 'paths' => new stdClass()]);
    },
    '#^/course/(\d+)(?:/manage)?/?$#' => static function (string $id): void {
        require_login();
        $course = get_course((int) $id);
        page_header($course->fullname);
        echo '<p>This page came through the router. It has ' . count(course_activities((int) $course->id)) . " activities.</p>\n";
        page_footer();
    },
];
$base = parse_url($CFG->wwwroot, PHP_URL_PATH) ?: '';
$path = substr((string) parse_url((string) $_SERVER['REQUEST_URI'], PHP_URL_PATH), strlen($base));
$path = (string) preg_replace('#^/r\.php(?=/|$)#', '', $path);
foreach ($routes as $pattern => $page) {
    if (preg_match($pattern, $path, $match) === 1) {
        $page(...array_slice($match, 1));
        exit;
    }
}
not_possible(404, 'The page was not found.');
