<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Purges all caches, as Moodle's own purge_caches.php does.

use Campus\Moodle\Inside;

define('CLI_SCRIPT', true);

require '/srv/moodle/config.php';

purge_all_caches();

Inside::report(['done' => true]);
