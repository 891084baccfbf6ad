<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports whether one of our classes can stand in for Moodle's: php stand_in.php SETTINGS strings|caches. A Moodle whose own
// class has another name or other methods makes PHP stop here, while the image is built, and not on a page. Needs no database.

use Campus\Moodle\Cache\Factory;
use Campus\Moodle\Cache\Store;
use Campus\Moodle\Web\StringManager;

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CAMPUS_MOODLE_SETTINGS', $argv[1]);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';
require __DIR__ . '/../src/autoload.php';

if (!is_callable(['core_component', 'classloader'])) {
    campus_report(['fits' => false]); // nothing that we know
    exit;
}
spl_autoload_register(['core_component', 'classloader']);

/** Whether a class of ours is, and can be loaded as, one of Moodle's. */
function campus_fits(string $ours, string $theirs): bool {
    return class_exists($theirs) && is_subclass_of($ours, $theirs);
}

// Moodle loads the classes of cache stores by their files.
$campusstore = "$CFG->dirroot/cache/stores/redis/lib.php";
if (is_file($campusstore) && class_exists('core_cache\store')) {
    require_once $campusstore;
}

campus_report(['fits' => match ($argv[2]) {
    'strings' => campus_fits(StringManager::class, 'core_string_manager_standard'),
    'caches' => campus_fits(Factory::class, 'core_cache\factory') && campus_fits(Store::class, 'cachestore_redis'),
}]);
