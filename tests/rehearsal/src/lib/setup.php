<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Start of every script: config.php fills $CFG and then requires this file.
 *
 * Constants a script may define first: CLI_SCRIPT, ABORT_AFTER_CONFIG (settings only, no database), CACHE_DISABLE_ALL,
 * IGNORE_COMPONENT_CACHE, NO_MOODLE_COOKIES.
 */

global $CFG, $DB, $USER, $SITE;

if (!isset($CFG)) {
    exit(1);
}

defined('MOODLE_INTERNAL') || define('MOODLE_INTERNAL', true);
foreach (['CLI_SCRIPT' => false, 'CACHE_DISABLE_ALL' => false, 'NO_MOODLE_COOKIES' => false] as $name => $default) {
    defined($name) || define($name, $default);
}
foreach (['ALPHA' => 50, 'BETA' => 100, 'RC' => 150, 'STABLE' => 200] as $name => $level) {
    defined("MATURITY_$name") || define("MATURITY_$name", $level);
}
defined('ANY_VERSION') || define('ANY_VERSION', 'any');

$CFG->dirroot = dirname(__DIR__);
if (basename($CFG->dirroot) === 'public' && is_file(dirname($CFG->dirroot) . '/lib/components.json')) {
    $CFG->root = dirname($CFG->dirroot);
}
$CFG->libdir = "$CFG->dirroot/lib";
$CFG->admin ??= 'admin';
$CFG->directorypermissions ??= 02777;
$CFG->filepermissions ??= $CFG->directorypermissions & 0666;
umask(($CFG->directorypermissions & 0777) ^ 0777);

require_once("$CFG->libdir/setuplib.php");

is_dir($CFG->dataroot ?? '') || stop_early('$CFG->dataroot is not a directory that can be reached.');
is_writable($CFG->dataroot) || stop_early('$CFG->dataroot is not writable.');
!empty($CFG->wwwroot) || stop_early('$CFG->wwwroot is not set.');
!empty($CFG->prefix) || stop_early('$CFG->prefix must not be empty.');
CLI_SCRIPT === (PHP_SAPI === 'cli') || stop_early('Command line scripts define CLI_SCRIPT, web pages never do.');

$CFG->dataroot = (string) realpath($CFG->dataroot);
$CFG->tempdir ??= "$CFG->dataroot/temp";
$CFG->cachedir ??= "$CFG->dataroot/cache";
$CFG->localcachedir ??= "$CFG->dataroot/localcache";
$CFG->localrequestdir ??= sys_get_temp_dir() . '/requestdir';
$CFG->forced_plugin_settings ??= [];
$CFG->config_php_settings ??= (array) $CFG;
$CFG->rehearsal = (object) json_decode((string) file_get_contents("$CFG->libdir/build.json"), true);

// The file is written by `maintenance.php --enable`; web pages stop here without touching the database.
defined('CLI_MAINTENANCE') || define('CLI_MAINTENANCE', file_exists("$CFG->dataroot/climaintenance.html"));
if (CLI_MAINTENANCE && !CLI_SCRIPT) {
    send_unavailable((string) file_get_contents("$CFG->dataroot/climaintenance.html"));
}

require_once("$CFG->libdir/classes/component.php");
spl_autoload_register([core_component::class, 'autoload']);

if (defined('ABORT_AFTER_CONFIG') && !defined('ABORT_AFTER_CONFIG_CANCEL')) {
    return;
}

require_once("$CFG->libdir/moodlelib.php");
require_once("$CFG->libdir/accesslib.php");
require_once("$CFG->libdir/maillib.php");
require_once("$CFG->libdir/dml/moodle_database.php");
require_once("$CFG->libdir/dml/database_manager.php");
set_exception_handler('default_exception_handler');

$DB = new moodle_database($CFG->dbname, $CFG->prefix);
$DB->connect((string) $CFG->dbhost, (string) $CFG->dbuser, (string) $CFG->dbpass, (array) ($CFG->dboptions ?? []));
initialise_cfg();
$USER = (object) ['id' => 0, 'username' => '', 'sesskey' => ''];
$SITE = (object) ['id' => 1, 'fullname' => 'Rehearsal site', 'shortname' => 'rehearsal', 'summary' => ''];

if (CLI_SCRIPT) {
    return;
}

require_once("$CFG->libdir/weblib.php");
start_web_page();
