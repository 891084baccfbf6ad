<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// Steps from what is to what is requested: made first, for all rows, then carried out together or not at all.

/**
 * One step. null stands for a thing that is not there.
 *
 * @param array|null $now every field as it is
 * @param array|null $next the requested fields; those that are left out stay
 * @return array action (none, created, updated, deleted), before and after (only what differs)
 */
function campus_step(?array $now, ?array $next): array {
    if ($now === null || $next === null) {
        $action = $next !== null ? 'created' : ($now !== null ? 'deleted' : 'none');
        return ['action' => $action, 'before' => $now, 'after' => $next];
    }
    $after = array_filter($next, static fn ($value, $field): bool => $now[$field] !== $value, ARRAY_FILTER_USE_BOTH);
    return ['action' => $after === [] ? 'none' : 'updated', 'before' => array_intersect_key($now, $after), 'after' => $after];
}

/** The step with one more field that differs. */
function campus_also(array $step, string $field, mixed $before, mixed $after): array {
    $step['action'] = $step['action'] === 'none' ? 'updated' : $step['action'];
    $step['before'] === null || $step['before'][$field] = $before;
    $step['after'][$field] = $after;
    return $step;
}

/** One side of all steps that change something. */
function campus_column(array $steps, string $side): array {
    return array_column(campus_changing($steps), $side, 'name');
}

function campus_changing(array $steps): array {
    return array_filter($steps, static fn (array $step): bool => $step['action'] !== 'none');
}

/** What became of each thing. */
function campus_outcome(array $steps): array {
    $outcome = static fn (array $step): array => ['name' => $step['name'], 'id' => $step['id'] === null ? null : (int) $step['id'], 'action' => $step['action']];
    return array_map($outcome, $steps);
}

/**
 * Carries the steps out that change something, in one transaction, as the administrator.
 *
 * @param array ...$kinds pairs of steps and a function that gets one step and returns the id of its thing
 * @return array list of warnings, then for each pair the steps with their ids
 */
function campus_carry_out(array ...$kinds): array {
    global $DB;
    \core\session\manager::set_user(get_admin());
    $transaction = $DB->start_delegated_transaction();
    $done = [];
    foreach ($kinds as [$steps, $apply]) {
        foreach (campus_changing($steps) as $key => $step) {
            $steps[$key]['id'] = $apply($step);
        }
        $done[] = $steps;
    }
    return [campus_commit($transaction), ...$done];
}

/** Commits. Moodle sends its messages (of an enrolment, for example) after that, and gives up with the first that fails. */
function campus_commit(moodle_transaction $transaction): array {
    global $DB;
    try {
        $transaction->allow_commit();
    } catch (moodle_exception $error) {
        if ($DB->is_transaction_started()) {
            throw $error;
        }
        return ['Everything was done, but Moodle could not send all messages about it: ' . $error->getMessage()];
    }
    return [];
}
