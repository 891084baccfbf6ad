<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/courselib.php');

show_activity(basename(__DIR__));
