<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// What OPcache holds of the container's local cache after changes and purges: php forgotten.php FOLDER. Needs the image, and
// OPcache and APCu on the command line. Prints the names of the files after each step.

declare(strict_types=1);

require __DIR__ . '/string_manager_stand_in.php';
require '/opt/campus-moodle/src/autoload.php';

use Campus\Moodle\Cache\LocalCopy;
use Campus\Moodle\SharedArray;
use Campus\Moodle\Web\StringManager;

$CFG = (object) ['localcachedir' => $argv[1]];

/** A new request that needs these strings, twice: the second time they come from the file. */
function strings(string ...$languages): void
{
    foreach ([...$languages, ...$languages] as $language) {
        (new StringManager())->load_component_strings('mod_forum', $language);
    }
}

function copy_of(string $digest): void
{
    LocalCopy::keep('core/config', $digest, ['value' => $digest]);
    LocalCopy::of('core/config', $digest);
}

/** What Moodle does when it purges its caches, here or in another container: the files go, and nobody tells OPcache. */
function empty_folder(): void
{
    exec('rm -r ' . escapeshellarg($GLOBALS['CFG']->localcachedir));
    clearstatcache();
}

function held(string $folder): array
{
    $files = SharedArray::held($GLOBALS['CFG']->localcachedir . "/$folder");
    sort($files);
    return array_map(static fn (string $file) => ($folder === 'strings' ? basename(dirname($file)) . '/' : '') . basename($file, '.php'), $files);
}

$steps = [];
strings('en', 'de');
$steps['strings'] = held('strings');
core_string_manager_standard::$revision = 8;
strings('en');
$steps['strings after a purge'] = held('strings');
core_string_manager_standard::$revision = 9;
empty_folder();
strings('en');
$steps['strings after a purge that emptied the folder'] = held('strings');

copy_of('one');
$steps['copies'] = held('values');
copy_of('two');
$steps['copies after a change'] = held('values');
empty_folder();
copy_of('three');
$steps['copies after a change in an emptied folder'] = held('values');
// Ours comes a moment later, and must not take away what is there.
LocalCopy::keep('core/config', 'three', ['value' => 'three']);
$steps['copies after another process kept the same'] = held('values');

echo json_encode($steps);
