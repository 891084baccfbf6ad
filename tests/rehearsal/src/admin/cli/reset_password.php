<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$options = cli_options('Sets the password of a local user; what is not given is asked for.', [
    'username' => '', 'password' => '', 'ignore-password-policy' => false,
], ['u' => 'username', 'p' => 'password', 'i' => 'ignore-password-policy']);

$username = (string) $options['username'];
if ($username === '') {
    cli_heading('Password reset');
    $username = cli_input('Enter username (manual authentication only)');
}
$user = $DB->get_record('user', ['auth' => 'manual', 'username' => $username, 'mnethostid' => $CFG->mnet_localhost_id]);
$user === false && cli_error("Can not find user '$username'");
$password = (string) $options['password'] ?: cli_input('Enter new password');
$problem = $options['ignore-password-policy'] ? '' : password_policy_problem($password);
$problem === '' || cli_error($problem);
$DB->set_field('user', 'password', hash_internal_user_password($password), ['id' => $user->id]);
cli_writeln('Password changed');
exit(0);
