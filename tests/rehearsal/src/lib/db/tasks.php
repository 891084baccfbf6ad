<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

$tasks = [
    ['classname' => 'core\task\session_cleanup_task', 'minute' => '*'],
    ['classname' => 'core\task\file_temp_cleanup_task', 'minute' => '55', 'hour' => '*/6'],
    ['classname' => 'core\task\task_log_cleanup_task', 'minute' => 'R', 'hour' => 'R'],
];
