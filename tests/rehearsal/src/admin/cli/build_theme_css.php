<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/themelib.php');

$options = cli_options('Compile the CSS for one or more installed themes.', [
    'themes' => null, 'direction' => null, 'verbose' => false,
], ['t' => 'themes', 'd' => 'direction', 'v' => 'verbose']);

cli_heading('Build theme css');
$installed = array_keys(core_component::get_plugin_list('theme'));
$themes = $options['themes'] === null ? $installed : explode(',', (string) $options['themes']);
$directions = $options['direction'] === null ? ['ltr', 'rtl'] : [$options['direction']];
array_diff($directions, ['ltr', 'rtl']) === [] || cli_error('--direction must be either ltr or rtl');
foreach ($themes as $theme) {
    in_array($theme, $installed, true) || cli_error("Unable to find theme config for $theme");
    foreach ($directions as $direction) {
        theme_css_file($theme, (int) $CFG->themerev, $direction === 'rtl');
        $options['verbose'] && mtrace("Built $theme $direction");
    }
}
exit(0);
