<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

/**
 * Hands one result to the command that started this script. Standard output belongs to Moodle, which prints there at will,
 * so the result goes through its own pipe.
 */
function campus_report(array $result): void
{
    $pipe = fopen('php://fd/3', 'w');
    fwrite($pipe, json_encode($result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION));
    fclose($pipe);
}
