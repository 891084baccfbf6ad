<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);
define('ABORT_AFTER_CONFIG', true);
define('CACHE_DISABLE_ALL', true);
define('IGNORE_COMPONENT_CACHE', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$help = 'Writes the list of plugins to a file that requests read instead of looking at the disk.';
$options = cli_options($help, ['file' => false, 'rebuild' => false, 'print' => false], [], 2);
if (!$options['file'] && !$options['rebuild'] && !$options['print']) {
    cli_writeln("$help See --help.");
    exit(0);
}
$content = core_component::get_cache_content();
if ($options['print']) {
    cli_write($content);
    exit(0);
}
$options['rebuild'] && empty($CFG->alternative_component_cache)
    && cli_error('config.php does not contain $CFG->alternative_component_cache setting', 2);
$target = $options['rebuild'] ? $CFG->alternative_component_cache : $options['file'];
is_string($target) || cli_error('Invalid target file');
@file_put_contents($target, $content) || cli_error("Error writing to $target");
cli_writeln("File $target was updated");
exit(0);
