<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Reports whether this Moodle can use our string manager: php strings.php SETTINGS. A Moodle whose own string manager has
// another name or other methods makes PHP stop here, while the image is built, and not on a page. Needs no database.

use Campus\Moodle\Web\StringManager;

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CAMPUS_MOODLE_SETTINGS', $argv[1]);

require '/srv/moodle/config.php';
require __DIR__ . '/report.php';
require __DIR__ . '/../src/autoload.php';

spl_autoload_register([core_component::class, 'classloader']);

campus_report(['usable' => class_exists('core_string_manager_standard') && is_subclass_of(StringManager::class, core_string_manager::class)]);
