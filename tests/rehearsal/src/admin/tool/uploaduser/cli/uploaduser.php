<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../../config.php');
require_once($CFG->libdir . '/clilib.php');

$options = cli_options('Creates users from a CSV file: username, password, firstname, lastname, email.', [
    'file' => '', 'mode' => 'createnew', 'delimiter_name' => 'comma',
]);
is_readable((string) $options['file']) || cli_error("File {$options['file']} does not exist or is not readable.");
$options['mode'] === 'createnew' || cli_error('Only --mode=createnew is known here.');
$handle = fopen((string) $options['file'], 'r');
$columns = array_map('trim', fgetcsv($handle, null, ',', '"', '') ?: []);
$created = 0;
while (($line = fgetcsv($handle, null, ',', '"', '')) !== false) {
    $row = count($line) === count($columns) ? array_combine($columns, array_map('trim', $line)) : cli_error('A line has not as many fields as the header.');
    if ($DB->record_exists('user', ['username' => $row['username'], 'mnethostid' => $CFG->mnet_localhost_id])) {
        cli_problem("User {$row['username']} exists.");
        continue;
    }
    create_user($row['username'], $row['password'], $row['email'], $row['firstname'], $row['lastname']);
    $created++;
}
cli_writeln("Users created: $created");
exit(0);
