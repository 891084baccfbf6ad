<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace core\task;

defined('MOODLE_INTERNAL') || die();

/** Queue of tasks: which is due, who runs it, what came of it. */
class manager {
    public const SCHEDULE = ['minute', 'hour', 'day', 'month', 'dayofweek'];
    private const RANGES = ['minute' => [0, 59], 'hour' => [0, 23], 'day' => [1, 31], 'month' => [1, 12], 'dayofweek' => [0, 6]];
    private const FORMATS = ['minute' => 'i', 'hour' => 'G', 'day' => 'j', 'month' => 'n', 'dayofweek' => 'w'];

    /** Takes the tasks of a component's db/tasks.php into the table; tasks that are gone leave it. */
    public static function reset_scheduled_tasks_for_component(string $component): void {
        global $DB;
        $tasks = [];
        $file = \core_component::get_component_directory($component) . '/db/tasks.php';
        if (is_file($file)) {
            include($file);
        }
        $known = $DB->get_records_menu('task_scheduled', ['component' => $component], '', 'classname, id');
        foreach ($tasks as $task) {
            $class = '\\' . ltrim($task['classname'], '\\');
            $row = ['component' => $component, 'classname' => $class, 'disabled' => (int) ($task['disabled'] ?? 0)];
            foreach (self::SCHEDULE as $part) {
                $value = (string) ($task[$part] ?? '*');
                [$low, $high] = self::RANGES[$part];
                $row[$part] = $value === 'R' ? (string) ($low + crc32($class . $part) % ($high - $low + 1)) : $value;
            }
            $row['nextruntime'] = self::next_run($row, time());
            isset($known[$class])
                ? $DB->update_record('task_scheduled', $row + ['id' => $known[$class]])
                : $DB->insert_record('task_scheduled', $row);
            unset($known[$class]);
        }
        foreach ($known as $id) {
            $DB->delete_records('task_scheduled', ['id' => $id]);
        }
    }

    /** @return \stdClass[] rows of all scheduled tasks */
    public static function get_all_scheduled_tasks(): array {
        global $DB;
        return $DB->get_records('task_scheduled', [], 'component, classname');
    }

    /** @return scheduled_task|false false for a class nobody knows */
    public static function get_scheduled_task(string $class): scheduled_task|false {
        global $DB;
        $record = $DB->get_record('task_scheduled', ['classname' => '\\' . ltrim($class, '\\')]);
        return $record === false ? false : (self::load($record) ?? false);
    }

    /** @return scheduled_task|null a task that is due, locked for this process */
    public static function get_next_scheduled_task(int $now): ?scheduled_task {
        return self::claim('task_scheduled', 'disabled = 0 AND (nextruntime IS NULL OR nextruntime <= ?)', [$now]);
    }

    /** @return adhoc_task|null a queued task that is due, locked for this process */
    public static function get_next_adhoc_task(int $now, string $class = '', bool $failed = false): ?adhoc_task {
        $where = 'nextruntime <= ?' . ($failed ? ' AND faildelay > 0' : '') . ($class === '' ? '' : ' AND classname = ?');
        return self::claim('task_adhoc', $where, $class === '' ? [$now] : [$now, '\\' . ltrim($class, '\\')]);
    }

    public static function get_adhoc_task(int $id): ?adhoc_task {
        return self::claim('task_adhoc', 'id = ?', [$id]);
    }

    /** @return int id in the queue */
    public static function queue_adhoc_task(adhoc_task $task): int {
        global $DB;
        $class = '\\' . get_class($task);
        return $DB->insert_record('task_adhoc', [
            'component' => $task->get_component(), 'classname' => $class, 'nextruntime' => time() - 1,
            'customdata' => json_encode($task->get_custom_data()), 'timecreated' => time(), 'attemptsavailable' => 12,
        ]);
    }

    /** Marks a task as running here. */
    public static function starting(task_base $task): void {
        global $DB;
        $mark = ['timestarted' => time(), 'hostname' => (string) gethostname(), 'pid' => getmypid(), 'id' => $task->record->id];
        $DB->update_record(self::table($task), $mark);
    }

    /** Records success (and forgets an ad hoc task) or failure (and waits longer each time). */
    public static function finished(task_base $task, bool $success): void {
        global $DB;
        $scheduled = $task instanceof scheduled_task;
        if ($success && !$scheduled) {
            $DB->delete_records('task_adhoc', ['id' => $task->record->id]);
        } else {
            $delay = $success ? 0 : min(86400, max(60, 2 * (int) $task->record->faildelay));
            $row = ['id' => $task->record->id, 'timestarted' => null, 'hostname' => null, 'pid' => null, 'faildelay' => $delay];
            $next = $success ? self::next_run((array) $task->record, time()) : time() + $delay;
            $DB->update_record(self::table($task), $row + ['nextruntime' => $next] + ($scheduled ? ['lastruntime' => time()] : []));
        }
        $task->lock?->release();
    }

    /** @return \stdClass[] type, classname, hostname, pid, timestarted of what runs now */
    public static function get_running_tasks(): array {
        global $DB;
        return $DB->get_records_sql(
            "SELECT 's' || id AS uid, 'scheduled' AS type, classname, hostname, pid, timestarted FROM {task_scheduled} WHERE timestarted IS NOT NULL
              UNION ALL
             SELECT 'a' || id, 'adhoc', classname, hostname, pid, timestarted FROM {task_adhoc} WHERE timestarted IS NOT NULL
              ORDER BY timestarted",
        );
    }

    /** Tells all runners to end after their current task. */
    public static function clear_static_caches(): void {
        set_config('scheduledtaskreset', time());
    }

    public static function static_caches_cleared_since(int $time): bool {
        global $DB;
        return (int) $DB->get_field('config', 'value', ['name' => 'scheduledtaskreset']) > $time;
    }

    /** @return int the first minute after $after that fits the schedule, at most 366 days away */
    public static function next_run(array $schedule, int $after): int {
        $time = intdiv($after, 60) * 60 + 60;
        for ($end = $time + 366 * 86400; $time < $end; $time += $step) {
            $step = 60;
            foreach (['month' => 86400, 'day' => 86400, 'dayofweek' => 86400, 'hour' => 3600, 'minute' => 60] as $part => $size) {
                if (!self::fits((string) $schedule[$part], $part, (int) date(self::FORMATS[$part], $time))) {
                    $step = $size - $time % $size;
                    continue 2;
                }
            }
            return $time;
        }
        return $end;
    }

    private static function fits(string $rule, string $part, int $value): bool {
        foreach (explode(',', $rule) as $item) {
            [$span, $step] = array_pad(explode('/', $item), 2, '1');
            [$low, $high] = $span === '*' ? self::RANGES[$part] : array_map('intval', array_pad(explode('-', $span), 2, $span));
            if ($value >= $low && $value <= $high && ($value - $low) % max(1, (int) $step) === 0) {
                return true;
            }
        }
        return false;
    }

    /** Forgets who runs a task when that process is gone: its lock is free then. */
    public static function cleanup_metadata(): void {
        global $DB;
        $factory = \core\lock\lock_config::get_lock_factory('cron');
        foreach (['task_scheduled', 'task_adhoc'] as $table) {
            foreach ($DB->get_records_select($table, 'timestarted IS NOT NULL', [], '', 'id, classname') as $record) {
                $lock = $factory->get_lock(self::lock_name($table, $record), 0);
                if ($lock !== false) {
                    $DB->update_record($table, ['id' => $record->id, 'timestarted' => null, 'hostname' => null, 'pid' => null]);
                    $lock->release();
                }
            }
        }
    }

    /** Scheduled tasks are locked by class, so that `scheduled_task.php --execute` and cron exclude each other. */
    private static function lock_name(string $table, \stdClass $record): string {
        return $table === 'task_scheduled' ? $record->classname : "adhoc_$record->id";
    }

    private static function table(task_base $task): string {
        return $task instanceof scheduled_task ? 'task_scheduled' : 'task_adhoc';
    }

    private static function load(\stdClass $record): ?task_base {
        $class = $record->classname;
        if (!class_exists($class)) {
            mtrace("Failed to load task: $class");
            return null;
        }
        $task = new $class();
        $task->record = $record;
        return $task;
    }

    /** Finds a due row nobody else holds; core_cron protects the choice, the row's own lock the run. */
    private static function claim(string $table, string $where, array $params): ?task_base {
        global $DB;
        $factory = \core\lock\lock_config::get_lock_factory('cron');
        $cron = $factory->get_lock('core_cron', 10);
        if ($cron === false) {
            return null;
        }
        try {
            foreach ($DB->get_records_select($table, $where, $params, 'nextruntime, id', 'id, classname') as $candidate) {
                $lock = $factory->get_lock(self::lock_name($table, $candidate), 0);
                if ($lock === false) {
                    continue;
                }
                // Another runner may have finished it between the list and the lock.
                $record = $DB->get_record_sql("SELECT * FROM {{$table}} WHERE id = ? AND $where", [$candidate->id, ...$params]);
                $task = $record === false ? null : self::load($record);
                if ($task !== null) {
                    $task->lock = $lock;
                    self::starting($task);
                    return $task;
                }
                $lock->release();
            }
            return null;
        } finally {
            $cron->release();
        }
    }
}
