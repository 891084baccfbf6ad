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

const MAINTENANCE_NEEDED = 'This upgrade WILL result in maintenance mode for users.';

$options = cli_options('Upgrades the database to the version of the code.', [
    'allow-unstable' => false, 'is-maintenance-required' => false, 'is-pending' => false, 'lang' => 'en', 'maintenance' => true,
    'non-interactive' => false, 'set-ui-upgrade-lock' => false, 'unset-ui-upgrade-lock' => false, 'verbose-settings' => false,
]);

empty($CFG->version) && cli_error('Config table does not contain the version. You cannot continue.');
$code = code_version();
$code->version < (float) $CFG->version
    && cli_error('Error: The code you are using is older than the version recorded in the database.');
$old = "$CFG->release (" . version_text((float) $CFG->version) . ')';
$new = "$code->release (" . version_text($code->version) . ')';

if ($options['unset-ui-upgrade-lock']) {
    set_config('outagelessupgrade', false);
    cli_writeln('Existing CLI execution upgrade lock has been removed.');
}
$structurechanges = core_component::get_all_component_hash() !== ($CFG->allcomponenthash ?? '');
if (!$options['maintenance']) {
    $structurechanges && cli_error(MAINTENANCE_NEEDED, 2);
    define('CLI_UPGRADE_RUNNING', true);
    // As Moodle does: written before the tests below, so whoever sees a failure has to take the lock away.
    set_config('outagelessupgrade', true);
}
moodle_needs_upgrading(false) || cli_error("No upgrade needed for the installed version $new. Thanks for coming anyway!", 0);

if ($options['is-maintenance-required']) {
    cli_writeln('An upgrade is pending');
    $structurechanges && cli_error(MAINTENANCE_NEEDED, 2);
    if ($options['set-ui-upgrade-lock']) {
        set_config('outagelessupgrade', true);
        cli_writeln('Upgrade has been locked to CLI execution only.');
    }
    cli_error('This upgrade WILL NOT result in maintenance mode for users.', 3);
}
$options['is-pending'] && cli_error('An upgrade is pending', 2);

require_environment();
upgrade_stale_php_files_present() && cli_error('Mixed Moodle versions detected, upgrade cannot continue.');
$failed = core\plugin_manager::failing($code->version, (int) $code->branch);
if ($failed !== []) {
    cli_problem('Dependencies check failed for ' . implode(', ', $failed));
    cli_error('You must solve all the plugin requirements before proceeding to install this Moodle version!');
}
if ($code->maturity < MATURITY_STABLE && !$options['allow-unstable']) {
    cli_problem('The version to upgrade to is not marked as stable.');
    $options['non-interactive'] && cli_error('Hint: You may want to run this script with --allow-unstable option');
}
if (!$options['non-interactive'] && cli_input("Upgrade to $new? type y (means yes) or n (means no)") !== 'y') {
    exit(1);
}

if ($options['maintenance']) {
    set_config('upgraderunning', time() + 300);
    // Also after a failure: only a process that was killed leaves the mark, until it runs out.
    register_shutdown_function(static fn(): bool => unset_config('upgraderunning'));
}
if ($code->version > (float) $CFG->version) {
    $options['maintenance'] && purge_all_caches();
    upgrade_core($code->version);
}
set_config('release', $code->release);
set_config('branch', $code->branch);
upgrade_noncore();
cli_heading('Setting new default values');
foreach (apply_default_settings() as $setting) {
    cli_writeln("New setting: $setting");
}
cli_writeln("Command line upgrade from $old to $new completed successfully.");
if (!$options['maintenance']) {
    cli_writeln("To purge remaining caches after user traffic cutover to new code:\n  php admin/cli/purge_caches.php --muc");
    $options['set-ui-upgrade-lock'] || set_config('outagelessupgrade', false);
} else {
    purge_all_caches();
}
exit(0);
