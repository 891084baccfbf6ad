<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Styles: the source is in the theme's directory, the built file in localcachedir.
 */

defined('MOODLE_INTERNAL') || die();

/** @return string path of the built style sheet, built when it is not there */
function theme_css_file(string $theme, int $revision, bool $rtl = false): string {
    global $CFG;
    $path = "$CFG->localcachedir/theme/$revision/$theme/css/all" . ($rtl ? '-rtl' : '') . '.css';
    if (!is_file($path)) {
        $css = (string) file_get_contents(core_component::get_plugin_list('theme')[$theme] . '/style/campus.css');
        write_file_atomically($path, $rtl ? str_replace(['left', 'right', 'LEFT'], ['LEFT', 'left', 'right'], $css) : $css);
    }
    return $path;
}
