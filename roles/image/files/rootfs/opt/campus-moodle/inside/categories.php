<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Categories of courses, for courses.php.
//
// A category or course has two marks: visible, which also a hidden parent takes away, and visibleold, whether it is to be seen as far
// as it goes itself. What is requested is the second; the first follows from it and the parent.

/** Whether something is not hidden itself, in a parent that may be hidden. */
function campus_is_visible(stdClass $thing, ?bool $parentvisible): bool {
    return (bool) ($parentvisible === false ? $thing->visibleold : $thing->visible);
}

/** Whether what is in a category can be seen; null for the top, which nobody hides. */
function campus_shows(int $categoryid): ?bool {
    global $DB;
    return $categoryid === 0 ? null : (bool) $DB->get_field('course_categories', 'visible', ['id' => $categoryid], MUST_EXIST);
}

function campus_category_now(stdClass $category): array {
    global $DB;
    return [
        'name' => $category->name,
        'parent' => (string) $DB->get_field('course_categories', 'idnumber', ['id' => $category->parent]),
        'description' => (string) $category->description,
        'visible' => campus_is_visible($category, campus_shows((int) $category->parent)),
    ];
}

/** The step for one category. $parents are the categories that are there or come before it. */
function campus_category_step(array $requested, array $parents, Closure $object): array {
    global $DB;
    $name = $requested['idnumber'];
    $category = $DB->get_record('course_categories', ['idnumber' => $name]) ?: null;
    $next = array_diff_key($requested, ['idnumber' => 1]);
    if (($next['parent'] ?? '') !== '' && !in_array($next['parent'], $parents, true)) {
        $object('unknown_category', "The category $name wants the parent {$next['parent']}, which does not exist and does not come before it.");
    }
    if ($category === null && !isset($next['name'])) {
        $object('incomplete', "The category $name does not exist yet, and a new category needs name.");
    }
    $now = $category === null ? null : campus_category_now($category);
    return campus_step($now, $next) + ['name' => $name, 'id' => $category->id ?? null, 'visible' => $next['visible'] ?? null];
}

/** The id of a category by its idnumber; without one, where Moodle puts new courses. */
function campus_category_id(?string $idnumber): int {
    global $DB;
    return $idnumber === null
        ? (int) core_course_category::get_default()->id
        : (int) $DB->get_field('course_categories', 'id', ['idnumber' => $idnumber], MUST_EXIST);
}

function campus_category_apply(array $step): int {
    global $DB;
    $record = $step['after'];
    if (isset($record['parent'])) {
        $record['parent'] = $record['parent'] === '' ? 0 : campus_category_id($record['parent']);
    }
    if ($step['action'] === 'created') {
        return (int) core_course_category::create(['idnumber' => $step['name']] + $record)->id;
    }
    $parent = $record['parent'] ?? (int) $DB->get_field('course_categories', 'parent', ['id' => $step['id']], MUST_EXIST);
    $onlymark = $step['visible'] === true && campus_shows($parent) === false;
    // Moved out of a hidden parent it would stay hidden, so the request counts also where it is no change.
    $mark = $onlymark || $step['visible'] === null ? [] : ['visible' => $step['visible']];
    core_course_category::get($step['id'], MUST_EXIST, true)->update($mark + array_diff_key($record, ['visible' => 1]));
    if ($onlymark) {
        // Moodle would show it, and its courses, inside the hidden one.
        $DB->set_field('course_categories', 'visibleold', 1, ['id' => $step['id']]);
    }
    return (int) $step['id'];
}
