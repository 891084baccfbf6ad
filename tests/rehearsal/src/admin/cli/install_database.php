<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);
define('CACHE_DISABLE_ALL', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/upgradelib.php');
require_once($CFG->libdir . '/environmentlib.php');

$options = cli_options('Creates the database tables and the administrator of an empty site.', [
    'lang' => 'en', 'adminuser' => 'admin', 'adminpass' => '', 'adminemail' => '', 'fullname' => '', 'shortname' => '',
    'summary' => '', 'supportemail' => '', 'agree-license' => false,
]);

$DB->get_tables() === [] || cli_error('Database tables already present; CLI installation cannot continue.');
$options['agree-license'] || cli_error('You have to agree to the license. --help prints out the help');
in_array($options['adminpass'], ['', true], true) && cli_error('You have to specify admin password. --help prints out the help');
foreach (['adminemail', 'supportemail'] as $name) {
    $value = (string) $options[$name];
    $value === '' || filter_var($value, FILTER_VALIDATE_EMAIL) || cli_error("Error, incorrect value \"$value\" for \"$name\"");
}
require_environment();
$code = code_version();
$failed = core\plugin_manager::failing($code->version, (int) $code->branch);
$failed === [] || cli_error('Dependencies check failed for ' . implode(', ', $failed));

install_core($code->version);
set_config('release', $code->release);
set_config('branch', $code->branch);
upgrade_noncore();

$site = ['fullname' => 'fullname', 'shortname' => 'shortname', 'summary' => 'summary'];
foreach ($site as $option => $column) {
    $options[$option] === '' || $DB->set_field('course', $column, $options[$option], ['id' => 1]);
}
$DB->update_record('user', [
    'id' => (int) $CFG->siteadmins, 'username' => strtolower((string) $options['adminuser']), 'email' => $options['adminemail'],
    'password' => hash_internal_user_password((string) $options['adminpass']), 'lang' => $options['lang'],
]);
set_config('lang', $options['lang']);
set_config('supportemail', $options['supportemail'] !== '' ? $options['supportemail'] : $options['adminemail']);
set_config('rolesactive', 1);
purge_all_caches();
cli_writeln('Installation completed successfully.');
exit(0);
