<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

$options = cli_options('Shows or sets settings. Exit codes: 0 done, 2 usage, 3 not set, 4 forced by config.php, 1 anything else.', [
    'component' => null, 'name' => null, 'set' => null, 'unset' => false, 'shell-arg' => false, 'json' => false, 'no-eol' => false,
], [], 1, 2);
$component = $options['component'];
$name = $options['name'];

if ($options['unset'] || $options['set'] !== null) {
    $name === null && cli_error('Missing configuration variable name', 2);
    array_key_exists($name, forced_settings($component))
        && cli_error('The configuration variable is hard-set in the config.php, unable to change.', 4);
    $old = get_config($component, $name);
    $new = $options['unset'] ? null : (string) $options['set'];
    if ($old !== $new) {
        set_config($name, $new, $component);
        add_to_config_log($name, $old, $new, $component);
    }
    exit(0);
}
$value = get_config($component, $name);
if ($name === null && $options['json']) {
    cli_writeln((string) json_encode($value));
    exit(0);
}
if ($name === null) {
    foreach ((array) $value as $key => $item) {
        cli_writeln("$key\t" . ($options['shell-arg'] ? escapeshellarg((string) $item) : $item));
    }
    exit(0);
}
$value === false && cli_error('No such configuration variable found.', 3);
$text = is_scalar($value) && !$options['json'] ? (string) $value : (string) json_encode($value);
cli_write(($options['shell-arg'] ? escapeshellarg($text) : $text) . ($options['no-eol'] ? '' : PHP_EOL));
exit(0);
