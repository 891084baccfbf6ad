<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

const EXIT_CODES = ['NA' => 0, 'OK' => 0, 'INFO' => 0, 'WARNING' => 1, 'ERROR' => 2, 'CRITICAL' => 2, 'UNKNOWN' => 3];
const LABELS = [0 => 'OK', 1 => 'WARNING', 2 => 'CRITICAL', 3 => 'UNKNOWN'];

$options = cli_options('Run system checks; the exit codes are those of NRPE.', ['filter' => '', 'type' => 'status', 'verbose' => false], [
    'f' => 'filter', 'v' => 'verbose', 't' => 'type',
]);
$header = "OK: All '{$options['type']}' checks OK";
$exitcode = 0;
$rows = [];
foreach (core\check\manager::get_checks((string) $options['type']) as $check) {
    [$reference, $name] = [$check->get_ref(), $check->get_name()];
    if ($options['filter'] !== '' && !str_contains($reference, (string) $options['filter'])) {
        continue;
    }
    [$status, $summary] = [strtoupper($check->get_result()->get_status()), $check->get_result()->get_summary()];
    $code = EXIT_CODES[$status];
    if ($code > $exitcode) {
        $exitcode = $code;
        $header = LABELS[$code] . ": $name ($reference)";
    }
    if ($options['verbose'] || in_array($status, ['WARNING', 'ERROR', 'CRITICAL'], true)) {
        $rows[] = sprintf("%10s| %-60s\n%10s|     %s\n", $status, "$name ($reference)", '', $summary);
    }
}
echo "$header\n";
echo $rows === [] ? '' : sprintf("%10s| %-60s\n", 'Status ', 'Check') . str_repeat('-', 10) . '+' . str_repeat('-', 68) . "\n" . implode('', $rows);
exit($exitcode);
