<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

// Reached by the health check of this container only: nginx passes no request here.

require __DIR__ . '/../src/autoload.php';

Campus\Moodle\MutableCode::refresh();
