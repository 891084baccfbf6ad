<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('NO_UPGRADE_CHECK', true);

require(__DIR__ . '/../config.php');

if ((int) $USER->id > 0) {
    require_sesskey();
    core\session\manager::terminate_current();
}
redirect('/');
