<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Uses the string manager on top of a stand-in for Moodle's own: php strings.php FOLDER. Each request is a new object, as it
// would be in Moodle. Prints what each request got.

declare(strict_types=1);

require __DIR__ . '/string_manager_stand_in.php';
require __DIR__ . '/../../../roles/image/files/rootfs/opt/campus-moodle/src/autoload.php';

use Campus\Moodle\Web\StringManager;

$CFG = (object) ['localcachedir' => $argv[1]];

$first = new StringManager();
$steps = [
    'first' => $first->load_component_strings('mod_forum', 'en'),
    'again' => $first->load_component_strings('mod_forum', 'en'),
    'next request' => (new StringManager())->load_component_strings('mod_forum', 'en'),
    'other language' => (new StringManager())->load_component_strings('mod_forum', 'de'),
    'without caches' => (new StringManager())->load_component_strings('mod_forum', 'en', true),
    'without local strings' => (new StringManager())->load_component_strings('mod_forum', 'en', false, true),
    'a path as a name' => (new StringManager())->load_component_strings('../../x', 'en'),
    'a path as a language' => (new StringManager())->load_component_strings('mod_forum', '../x'),
];
$nothing = (new StringManager())->load_component_strings('mod_nothing', 'en');
core_string_manager_standard::$revision = -1;
$steps['without a revision'] = (new StringManager())->load_component_strings('mod_forum', 'en');
core_string_manager_standard::$revision = 7;
$first->reset_caches();
$steps['after a purge'] = $first->load_component_strings('mod_forum', 'en');
core_string_manager_standard::$revision = 7;
$steps['a page from before the purge'] = (new StringManager())->load_component_strings('mod_forum', 'de');
$files = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($argv[1], FilesystemIterator::SKIP_DOTS)) as $file) {
    $files[] = substr($file->getPathname(), strlen($argv[1]) + 1);
}
sort($files);
echo json_encode(['nothing' => $nothing, 'calls' => array_map(static fn (array $one) => (int) $one['call'], $steps), 'name' => $steps['next request']['name'], 'files' => $files]);
