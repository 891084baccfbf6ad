<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// A stand-in for Moodle's string manager, which counts how often it is asked. To be required.

declare(strict_types=1);

class core_string_manager_standard
{
    public static int $asked = 0;
    /** -1: Moodle's setting langstringcache is off. */
    public static int $revision = 7;

    public function load_component_strings($component, $lang, $disablecache = false, $disablelocal = false)
    {
        self::$asked++;
        return $component === 'mod_nothing' ? [] : ['name' => "$lang $component it's \$1", 'call' => (string) self::$asked];
    }

    public function reset_caches($phpunitreset = false)
    {
        self::$revision++;
    }

    public function get_revision()
    {
        return self::$revision;
    }
}
