<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Installing and upgrading core and plugins.
 */

defined('MOODLE_INTERNAL') || die();

/** @return stdClass version, release, branch, maturity as version.php says */
function code_version(): stdClass {
    global $CFG;
    $version = $release = $branch = $maturity = null;
    require("$CFG->dirroot/version.php");
    return (object) ['version' => (float) $version, 'release' => $release, 'branch' => $branch, 'maturity' => $maturity];
}

/** Version numbers as Moodle stores them: 2024100701.00 is written 2024100701, so compare them as numbers only. */
function version_text(float $version): string {
    return (string) round($version, 2);
}

/** Creates the core tables, the first settings and the administrator's account (without a usable password). */
function install_core(float $version): void {
    global $CFG, $DB;
    $DB->get_manager()->install_from_xmldb_file("$CFG->libdir/db/install.xml");
    foreach (['filedir', 'temp', 'cache', 'localcache', 'trashdir', 'lang', 'muc'] as $name) {
        make_directory("$CFG->dataroot/$name");
    }
    $host = parse_url($CFG->wwwroot, PHP_URL_HOST) ?: 'localhost';
    set_config('siteidentifier', bin2hex(random_bytes(16)) . $host);
    apply_default_settings();
    // A test that wants an interrupted installation needs time to interrupt it.
    sleep((int) rehearsal_wish('install_seconds'));
    $DB->insert_record('course', ['fullname' => 'Rehearsal site', 'shortname' => 'rehearsal', 'summary' => '', 'format' => 'site', 'timecreated' => time()]);
    $DB->insert_record('course_categories', ['name' => 'Category 1', 'description' => '']);
    foreach (['manager', 'coursecreator', 'editingteacher', 'teacher', 'student', 'guest', 'user', 'frontpage'] as $order => $role) {
        $DB->insert_record('role', ['shortname' => $role, 'name' => ucfirst($role), 'sortorder' => $order + 1]);
    }
    set_config('siteadmins', create_user('admin', bin2hex(random_bytes(16)), '', 'Admin', 'User'));
    set_config('rehearsal_schema', $CFG->rehearsal->schema);
    core\task\manager::reset_scheduled_tasks_for_component('core');
    set_config('version', version_text($version));
    upgrade_log('core', null, $version, 'Core installed');
}

/** Runs the upgrade steps of core and records the new version. */
function upgrade_core(float $version): void {
    global $CFG;
    $old = (float) $CFG->version;
    sleep((int) rehearsal_wish('upgrade_seconds'));
    if (rehearsal_wish('upgrade_fail')) {
        throw new RuntimeException('The rehearsal asked this upgrade to fail before it changes a table.');
    }
    require_once("$CFG->libdir/db/upgrade.php");
    xmldb_main_upgrade($old);
    core\task\manager::reset_scheduled_tasks_for_component('core');
    set_config('version', version_text($version));
    upgrade_log('core', $old, $version, 'Core upgraded');
    mtrace('-->System');
    mtrace('++ Success ++');
}

/** Installs and upgrades all plugins, then records both hashes. */
function upgrade_noncore(): void {
    foreach (core\plugin_manager::on_disk() as $component => $path) {
        upgrade_plugin($component, $path);
    }
    set_config('allversionshash', core_component::get_all_versions_hash());
    set_config('allcomponenthash', core_component::get_all_component_hash());
}

/** Brings one plugin from the version in the database (none: install) to the one on disk. */
function upgrade_plugin(string $component, string $path): void {
    global $DB;
    [$type, $name] = core_component::normalize_component($component);
    $new = core_component::read_version($path)->version;
    $old = $DB->get_field('config_plugins', 'value', ['plugin' => $component, 'name' => 'version']);
    if ($old !== false && (float) $old > (float) $new) {
        throw new RuntimeException("Cannot downgrade $component from $old to $new.");
    }
    if ($old !== false && (float) $old === (float) $new) {
        return;
    }
    $prefix = $type === 'mod' ? $name : $component;
    if ($old === false) {
        is_file("$path/db/install.xml") && $DB->get_manager()->install_from_xmldb_file("$path/db/install.xml");
        plugin_callback("$path/db/install.php", "xmldb_{$prefix}_install");
        $type === 'mod' && $DB->insert_record('modules', ['name' => $name]);
    } else {
        plugin_callback("$path/db/upgrade.php", "xmldb_{$prefix}_upgrade", (float) $old);
    }
    core\task\manager::reset_scheduled_tasks_for_component($component);
    set_config('version', $new, $component);
    upgrade_log($component, $old === false ? null : (float) $old, (float) $new, $old === false ? 'Plugin installed' : 'Plugin upgraded');
    mtrace("-->$component");
    mtrace('++ Success ++');
}

/** Calls a function a plugin's file may define. */
function plugin_callback(string $file, string $function, mixed ...$arguments): void {
    global $CFG, $DB;
    if (is_file($file)) {
        require_once($file);
        function_exists($function) && $function(...$arguments);
    }
}

/** @return string[] "component/name" of settings that were not there and now have their default */
function apply_default_settings(): array {
    global $CFG, $DB;
    $new = [];
    foreach (json_decode((string) file_get_contents("$CFG->libdir/db/defaults.json"), true) as $component => $settings) {
        $table = $component === 'core' ? 'config' : 'config_plugins';
        foreach ($settings as $name => $value) {
            $where = ['name' => $name] + ($component === 'core' ? [] : ['plugin' => $component]);
            if (!$DB->record_exists($table, $where)) {
                set_config($name, $value, $component);
                $new[] = $component === 'core' ? $name : "$component/$name";
            }
        }
    }
    return $new;
}

/** Keeps a row about what an upgrade did. */
function upgrade_log(string $component, ?float $version, float $target, string $info): void {
    global $DB;
    $DB->insert_record('upgrade_log', [
        'type' => 0, 'plugin' => $component, 'version' => $version === null ? null : version_text($version),
        'targetversion' => version_text($target), 'info' => $info, 'timemodified' => time(),
    ]);
}

/** Whether a file of an older release lies among this code: somebody unpacked one release over another. */
function upgrade_stale_php_files_present(): bool {
    global $CFG;
    return file_exists("$CFG->libdir/rehearsal_old_release.php");
}
