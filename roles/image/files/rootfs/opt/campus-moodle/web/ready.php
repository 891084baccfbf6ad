<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

// Answers /-/ready: 200 or 503, {"ready": bool, "reasons": [sentence, ...]}.

use Campus\Moodle\MutableCode;
use Campus\Moodle\Readiness;

require __DIR__ . '/../src/autoload.php';

MutableCode::refresh();
$reasons = Readiness::reasons();

http_response_code($reasons === [] ? 200 : 503);
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(['ready' => $reasons === [], 'reasons' => $reasons]), "\n";
