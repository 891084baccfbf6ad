<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/** A category of courses. */
class core_course_category {
    private function __construct(public int $id) {
    }

    public static function get(int|string $id): self {
        global $DB;
        return new self((int) $DB->get_field('course_categories', 'id', ['id' => $id], MUST_EXIST));
    }

    public static function get_default(): self {
        return self::get((int) get_config('core', 'defaultrequestcategory'));
    }

    /** @param array<string, mixed> $data columns of the table */
    public static function create(array $data): self {
        global $DB;
        $DB->record_exists('course_categories', ['idnumber' => $data['idnumber']]) && throw new moodle_exception('categoryidnumbertaken');
        $visible = (int) ($data['visible'] ?? true);
        $shown = $visible && (empty($data['parent']) || $DB->get_field('course_categories', 'visible', ['id' => $data['parent']]));
        return new self($DB->insert_record('course_categories', ['visible' => (int) $shown, 'visibleold' => $visible] + $data));
    }

    /** @param array<string, mixed> $data columns of the table */
    public function update(array $data): void {
        global $DB;
        $DB->update_record('course_categories', ['id' => $this->id] + $data + (isset($data['visible']) ? ['visibleold' => $data['visible']] : []));
    }
}
