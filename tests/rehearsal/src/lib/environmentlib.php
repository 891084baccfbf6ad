<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * What this release needs of the server; the numbers are in admin/environment.xml.
 */

defined('MOODLE_INTERNAL') || die();

/** @return string[] one sentence for each requirement that is not met */
function environment_problems(): array {
    global $CFG, $DB;
    $xml = simplexml_load_file("$CFG->dirroot/admin/environment.xml");
    $xml !== false || throw new RuntimeException('admin/environment.xml cannot be read');
    $moodle = $xml->MOODLE;
    $problems = [];
    if (version_compare(PHP_VERSION, (string) $moodle->PHP['version'], '<')) {
        $problems[] = "PHP {$moodle->PHP['version']} or later is required, this is " . PHP_VERSION . '.';
    }
    $limit = (string) $moodle->PHP['before'];
    if ($limit !== '' && version_compare(PHP_VERSION, $limit, '>=')) {
        $problems[] = "PHP $limit and later are not supported, this is " . PHP_VERSION . '.';
    }
    $server = $DB->get_server_info()['version'];
    if (version_compare($server, (string) $moodle->DATABASE->VENDOR['version'], '<')) {
        $problems[] = "PostgreSQL {$moodle->DATABASE->VENDOR['version']} or later is required, this is $server.";
    }
    foreach ($moodle->PHP_EXTENSIONS->PHP_EXTENSION as $extension) {
        if ((string) $extension['level'] === 'required' && !extension_loaded((string) $extension['name'])) {
            $problems[] = "The PHP extension {$extension['name']} is required.";
        }
    }
    if ((int) ini_get('max_input_vars') < 5000) {
        $problems[] = 'PHP setting max_input_vars must be at least 5000.';
    }
    $old = (string) preg_replace('/[^0-9.].*$/', '', (string) ($CFG->release ?? ''));
    if ($old !== '' && version_compare($old, (string) $moodle['requires'], '<')) {
        $problems[] = "Upgrades start from {$moodle['requires']} or later, the database is at $old.";
    }
    return $problems;
}

/** Ends a script with code 1 when a requirement is not met. */
function require_environment(): void {
    $problems = environment_problems();
    if ($problems !== []) {
        cli_heading('Environment');
        foreach ($problems as $problem) {
            cli_writeln("!! $problem !!");
        }
        exit(1);
    }
}
