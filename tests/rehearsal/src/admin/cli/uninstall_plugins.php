<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');

use core\plugin_manager;

$help = 'Lists plugins and removes them from the database; nothing is removed without --run.';
$options = cli_options($help, [
    'show-all' => false, 'show-contrib' => false, 'show-missing' => false, 'purge-missing' => false, 'plugins' => false,
    'run' => false, 'showsql' => false, 'showdebugging' => false,
]);
$known = array_keys(plugin_manager::installed());
$lists = [
    'show-all' => static fn(): array => $known,
    'show-contrib' => static fn(): array => array_filter($known, static fn(string $name): bool => !plugin_manager::is_standard($name)),
    'show-missing' => plugin_manager::missing(...),
];
foreach ($lists as $option => $list) {
    if ($options[$option]) {
        foreach ($list() as $component) {
            cli_writeln("$component\t$component");
        }
        exit(0);
    }
}
$chosen = $options['purge-missing'] ? plugin_manager::missing() : array_filter(explode(',', (string) $options['plugins']));
if ($chosen === [] && !$options['purge-missing']) {
    cli_writeln("$help See --help.");
    exit(0);
}
foreach ($chosen as $component) {
    if (!in_array($component, $known, true)) {
        cli_writeln("Unknown plugin: $component");
        continue;
    }
    cli_writeln(($options['run'] ? 'Uninstalling: ' : 'Will be uninstalled: ') . "$component\t$component");
    $options['run'] && plugin_manager::uninstall($component);
}
exit(0);
