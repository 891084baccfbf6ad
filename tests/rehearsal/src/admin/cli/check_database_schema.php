<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

cli_options('Compares the database with what core and plugins describe.');
if (empty($CFG->version)) {
    cli_writeln('Database is not yet installed.');
    exit(2);
}
$manager = $DB->get_manager();
$errors = $manager->check_database_schema($manager->get_install_xml_schema());
if ($errors === []) {
    cli_writeln('Database structure is ok.');
    exit(0);
}
foreach ($errors as $table => $problems) {
    cli_writeln(str_repeat('-', 79) . "\n$table\n * " . implode("\n * ", $problems));
}
cli_writeln(str_repeat('-', 79));
exit(1);
