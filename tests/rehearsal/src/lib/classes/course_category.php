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
        if (isset($data['visible'])) {
            $data['visible'] ? $this->show() : $this->hide(0);
        }
        $columns = array_intersect_key($data, array_flip(['name', 'description', 'parent']));
        $columns === [] || $DB->update_record('course_categories', ['id' => $this->id] + $columns);
        $hidden = !empty($data['parent']) && !$DB->get_field('course_categories', 'visible', ['id' => $data['parent']]);
        if ($hidden && $DB->get_field('course_categories', 'visible', ['id' => $this->id])) {
            $this->hide(1);
        }
    }

    /** Hides it with everything in it, which keeps what it was in visibleold. Its own, for the time after, is given. */
    private function hide(int $visibleold): void {
        global $DB;
        if ($DB->get_field('course_categories', 'visible', ['id' => $this->id])) {
            [$in, $ids] = $this->family();
            $DB->execute("UPDATE {course_categories} SET visibleold = visible, visible = 0 WHERE id IN ($in)", $ids);
            $DB->execute("UPDATE {course} SET visibleold = visible, visible = 0 WHERE category IN ($in)", $ids);
        }
        $DB->set_field('course_categories', 'visibleold', $visibleold, ['id' => $this->id]);
    }

    /** Shows it, whatever its parent is, and everything in it as it was. */
    private function show(): void {
        global $DB;
        if ($DB->get_field('course_categories', 'visible', ['id' => $this->id])) {
            return;
        }
        [$in, $ids] = $this->family();
        $DB->set_field('course_categories', 'visibleold', 1, ['id' => $this->id]);
        $DB->execute("UPDATE {course_categories} SET visible = visibleold WHERE id IN ($in)", $ids);
        $DB->execute("UPDATE {course} SET visible = visibleold WHERE category IN ($in)", $ids);
    }

    /** @return array{0: string, 1: list<int|string>} marks for a statement, and the ids of it and all below it */
    private function family(): array {
        global $DB;
        $ids = $DB->get_fieldset_sql(
            'WITH RECURSIVE below AS (SELECT id FROM {course_categories} WHERE id = ?
               UNION SELECT c.id FROM {course_categories} c JOIN below b ON c.parent = b.id) SELECT id FROM below',
            [$this->id],
        );
        return [implode(', ', array_fill(0, count($ids), '?')), $ids];
    }
}
