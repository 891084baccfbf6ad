<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** How Moodle's background tasks do, read from their tables: it costs no start of Moodle, and holds while the site is closed. */
final class TaskReport
{
    private const SCHEDULED = 'scheduled';
    private const ADHOC = 'adhoc';

    public function __construct(private readonly Database $database, private readonly int $now)
    {
    }

    /**
     * @param int $since how many seconds of the task log count
     * @return array<string, mixed> cron, queue, scheduled, running, failing, failures
     */
    public function make(int $since): array
    {
        return [
            'cron' => $this->cron(),
            'queue' => $this->queue(),
            'scheduled' => $this->scheduled(),
            'running' => $this->running(),
            'failing' => $this->failing(),
            'failures' => $this->failures($since),
        ];
    }

    /** @return array{enabled: bool, last_start: ?int, age: ?int} */
    private function cron(): array
    {
        $last = (int) $this->database->value($this->sql("SELECT value FROM {config_plugins} WHERE plugin = 'tool_task' AND name = 'lastcronstart'"));
        return [
            'enabled' => !empty($this->database->settings(['cron_enabled'])['cron_enabled']),
            'last_start' => $last ?: null,
            'age' => $last ? $this->now - $last : null,
        ];
    }

    /** @return array<string, int> a task is due when its time has come, nobody runs it, and it has attempts left */
    private function queue(): array
    {
        $due = 'timestarted IS NULL AND nextruntime <= ? AND coalesce(attemptsavailable, 1) > 0';
        return $this->numbers("SELECT count(*) AS size,
                count(*) FILTER (WHERE $due) AS due,
                coalesce(max(? - nextruntime) FILTER (WHERE $due), 0) AS oldest,
                count(timestarted) AS running,
                count(*) FILTER (WHERE faildelay > 0) AS failing,
                count(*) FILTER (WHERE attemptsavailable = 0) AS given_up
            FROM {task_adhoc}", [$this->now, $this->now, $this->now]);
    }

    /** @return array<string, int> */
    private function scheduled(): array
    {
        $due = 'disabled = 0 AND timestarted IS NULL AND nextruntime <= ?';
        return $this->numbers("SELECT count(*) AS size,
                count(*) FILTER (WHERE disabled = 1) AS disabled,
                count(*) FILTER (WHERE $due) AS due,
                coalesce(max(? - nextruntime) FILTER (WHERE $due), 0) AS oldest,
                count(timestarted) AS running,
                count(*) FILTER (WHERE faildelay > 0 AND disabled = 0) AS failing
            FROM {task_scheduled}", [$this->now, $this->now, $this->now]);
    }

    /** @return list<array<string, mixed>> the longest first */
    private function running(): array
    {
        $rows = $this->both('SELECT %s AS type, classname, ? - timestarted AS seconds, hostname AS host, pid FROM %s WHERE timestarted IS NOT NULL', [$this->now]);
        usort($rows, static fn (array $one, array $other) => $other['seconds'] <=> $one['seconds']);
        return $rows;
    }

    /** @return list<array<string, mixed>> tasks whose last run failed, by class, the longest delay first */
    private function failing(): array
    {
        $rows = $this->both('SELECT %s AS type, classname, count(*) AS tasks, max(faildelay) AS delay, min(nextruntime) AS next_run
            FROM %s WHERE faildelay > 0 GROUP BY classname', []);
        usort($rows, static fn (array $one, array $other) => $other['delay'] <=> $one['delay']);
        return $rows;
    }

    /** @return list<array<string, mixed>> runs of the classes that failed at least once in the last seconds, the worst first */
    private function failures(int $since): array
    {
        $rows = $this->database->rows($this->sql("SELECT CASE type WHEN 0 THEN '" . self::SCHEDULED . "' ELSE '" . self::ADHOC . "' END AS type,
                classname, count(*) AS runs, sum(result) AS failures, floor(max(timeend) FILTER (WHERE result = 1))::bigint AS last_failure
            FROM {task_log} WHERE timestart >= ? GROUP BY type, classname HAVING sum(result) > 0 ORDER BY 4 DESC, 2"), [$this->now - $since]);
        return array_map(self::named(...), $rows);
    }

    /**
     * @param list<mixed> $arguments of the statement, which is run on both tables
     * @return list<array<string, mixed>>
     */
    private function both(string $statement, array $arguments): array
    {
        $rows = [];
        foreach ([self::SCHEDULED => '{task_scheduled}', self::ADHOC => '{task_adhoc}'] as $type => $table) {
            array_push($rows, ...$this->database->rows($this->sql(sprintf($statement, "'$type'", $table)), $arguments));
        }
        return array_map(self::named(...), $rows);
    }

    /** @param list<mixed> $arguments @return array<string, int> */
    private function numbers(string $statement, array $arguments): array
    {
        return array_map(intval(...), $this->database->rows($this->sql($statement), $arguments)[0]);
    }

    /** @param array<string, mixed> $row @return array<string, mixed> the class by one name: the tables have it with and without a backslash */
    private static function named(array $row): array
    {
        return ['classname' => ltrim($row['classname'], '\\')] + $row;
    }

    private function sql(string $statement): string
    {
        return preg_replace('/\{(\w+)\}/', $this->database->prefix . '$1', $statement);
    }
}
