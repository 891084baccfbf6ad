<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Uses the string manager on top of a stand-in for Moodle's own, which counts how often it is asked:
// php strings.php FOLDER. Each request is a new object, as it would be in Moodle. Prints what each request got.

declare(strict_types=1);

class core_string_manager_standard
{
    public static int $asked = 0;
    public static int $revision = 7;

    public function load_component_strings($component, $lang, $disablecache = false, $disablelocal = false)
    {
        self::$asked++;
        return ['name' => "$lang $component it's \$1", 'call' => (string) self::$asked];
    }

    public function reset_caches($phpunitreset = false)
    {
        self::$revision++;
    }

    protected function get_key_suffix()
    {
        return self::$revision;
    }
}

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
$first->reset_caches();
$steps['after a purge'] = $first->load_component_strings('mod_forum', 'en');
$files = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($argv[1], FilesystemIterator::SKIP_DOTS)) as $file) {
    $files[] = substr($file->getPathname(), strlen($argv[1]) + 1);
}
sort($files);
echo json_encode(['calls' => array_map(static fn (array $one) => (int) $one['call'], $steps), 'name' => $steps['next request']['name'], 'files' => $files]);
