<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Calls one function of the image's runtime for a test. Standard input: {"function": "PoolSize::workers", "arguments": [...]};
// standard output: {"result": ...} or {"failure": {"exit": ..., "id": ..., "sentences": [...]}}.

declare(strict_types=1);

require __DIR__ . '/../../../roles/image/files/rootfs/opt/campus-moodle/src/autoload.php';

$call = json_decode(stream_get_contents(STDIN), true, 16, JSON_THROW_ON_ERROR);

try {
    $answer = ['result' => call_user_func_array('Campus\\Moodle\\' . $call['function'], $call['arguments'])];
} catch (Campus\Moodle\Failure $failure) {
    $answer = ['failure' => ['exit' => $failure->exit, 'id' => $failure->id, 'sentences' => $failure->sentences]];
}

echo json_encode($answer, JSON_THROW_ON_ERROR);
