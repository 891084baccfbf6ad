<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// What a request meets, for tests that mount this file into a container: ?what=request|body|settings, or ?bytes=N for a large answer.

declare(strict_types=1);

const SETTINGS = [
    'opcache.enable', 'opcache.validate_timestamps', 'opcache.max_accelerated_files', 'opcache.memory_consumption',
    'max_input_vars', 'apc.enabled', 'upload_max_filesize',
];
const EXTENSIONS = ['Zend OPcache', 'apcu', 'igbinary', 'redis', 'pgsql'];

if (isset($_GET['bytes'])) {
    for ($left = (int) $_GET['bytes']; $left > 0; $left -= 65536) {
        echo str_repeat('x', min($left, 65536));
    }
    exit;
}

header('Content-Type: application/json');
echo json_encode(match ($_GET['what'] ?? 'request') {
    'body' => ['sha256' => hash_file('sha256', 'php://input'), 'length' => $_SERVER['CONTENT_LENGTH'] ?? ''],
    'settings' => ['ini' => array_combine(SETTINGS, array_map(ini_get(...), SETTINGS)), 'missing' => array_values(array_diff(EXTENSIONS, get_loaded_extensions()))],
    default => ['address' => $_SERVER['REMOTE_ADDR'], 'headers' => array_filter($_SERVER, static fn (string $name) => str_starts_with($name, 'HTTP_'), ARRAY_FILTER_USE_KEY)],
});
