<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Prints the limits that the runtime reads from the two folders: php limits.php CGROUP PROC

declare(strict_types=1);

require __DIR__ . '/../../../roles/image/files/rootfs/opt/campus-moodle/src/autoload.php';

$limits = new Campus\Moodle\Limits($argv[1], $argv[2]);
echo json_encode(['memory' => $limits->memory(), 'cpus' => $limits->cpus()]);
