<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/**
 * Core upgrade steps: schema level N (N > 1) adds the column `levelN` to the course table.
 *
 * The level of this code is in lib/db/schema.json; the packer raises it and adds the same columns to install.xml.
 *
 * @param float $oldversion version recorded in the database
 * @return bool always true; a failing statement throws
 */
function xmldb_main_upgrade(float $oldversion): bool {
    global $CFG, $DB;

    $manager = $DB->get_manager();
    $level = (int) json_decode((string) file_get_contents("$CFG->libdir/db/schema.json"), true)['level'];
    for ($step = 2; $step <= $level; $step++) {
        if ($manager->field_exists('course', "level$step")) {
            continue;
        }
        mtrace("schema level $step: new column course.level$step");
        $DB->change_database_structure("ALTER TABLE {course} ADD COLUMN level$step bigint NOT NULL DEFAULT 0");
        $DB->execute("UPDATE {course} SET level$step = id");
    }
    set_config('rehearsal_schema', $level);
    return true;
}
