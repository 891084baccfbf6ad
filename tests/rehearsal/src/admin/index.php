<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('NO_UPGRADE_CHECK', true);

require(__DIR__ . '/../config.php');
require_once($CFG->libdir . '/upgradelib.php');
require_login();
is_siteadmin() || not_possible(403, 'Sorry, but you do not currently have permissions to do that.');

$code = code_version();
$needed = moodle_needs_upgrading(false);
$locked = !empty($CFG->outagelessupgrade);
page_header($needed ? 'Upgrade needed' : 'Site administration');
if ($needed) {
    echo '<div class="alert alert-warning" role="alert" id="upgradeneeded">Your Moodle files have been changed, and the database must be upgraded: '
        . s("$CFG->release ($CFG->version)") . ' to ' . s("$code->release (" . version_text($code->version) . ')') . ".</div>\n";
    echo '<p>' . ($locked ? 'The upgrade is locked to the command line.' : 'Run admin/cli/upgrade.php.') . "</p>\n";
}
$facts = [
    'Release' => $CFG->release, 'Version in the database' => $CFG->version, 'Version of the code' => version_text($code->version),
    'PHP' => PHP_VERSION, 'Database' => $DB->get_server_info()['description'], 'Web server' => (string) gethostname(),
    'Session handler' => $CFG->session_handler_class ?? '\core\session\database', 'Address of the browser' => $_SERVER['REMOTE_ADDR'] ?? '',
];
echo "<table class=\"facts\"><caption>Facts</caption><tbody>\n";
foreach ($facts as $name => $value) {
    echo '<tr><th scope="row">' . s($name) . '</th><td>' . s($value) . "</td></tr>\n";
}
echo "</tbody></table>\n";
page_footer();
