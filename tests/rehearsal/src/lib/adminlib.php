<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Part of the contract by its name only: scripts require it, its functions live in setuplib.php and upgradelib.php.
 */

defined('MOODLE_INTERNAL') || die();
