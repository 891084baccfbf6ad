<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

const IGNORE_MISSING = 0;
const MUST_EXIST = 2;

/** Something that a user may read about went wrong. */
class moodle_exception extends RuntimeException {
}

/** A statement failed. */
class dml_exception extends moodle_exception {
}

/** A transaction that somebody has begun. */
class moodle_transaction {
    public function __construct(private Closure $commit) {
    }

    public function allow_commit(): void {
        ($this->commit)();
    }
}

/** The server could not be reached or refused the login. */
class dml_connection_exception extends dml_exception {
}

/**
 * PostgreSQL access with table names in braces and `?` or `:name` placeholders.
 */
class moodle_database {
    /** @var int statements that read, for the task log */
    public int $reads = 0;
    /** @var int statements that write, for the task log */
    public int $writes = 0;
    private ?PgSql\Connection $connection = null;
    private ?database_manager $manager = null;

    public function __construct(private string $dbname, private string $prefix) {
    }

    /**
     * Opens the connection.
     *
     * @param array<string, mixed> $options dbport, dbsocket (directory, used when the host is local), ssl (mode),
     *     connecttimeout (seconds), dbhandlesoptions (true: send no start-up options, for a connection pooler)
     */
    public function connect(string $host, string $user, string $password, array $options): void {
        $local = $host === 'localhost' || $host === '127.0.0.1';
        $socket = (string) ($options['dbsocket'] ?? '');
        $parts = [
            'host' => $local && str_contains($socket, '/') ? $socket : $host,
            'port' => (string) ($options['dbport'] ?? ''),
            'user' => $user,
            'password' => $password,
            'dbname' => $this->dbname,
            'sslmode' => (string) ($options['ssl'] ?? ''),
            'connect_timeout' => (string) ($options['connecttimeout'] ?? '10'),
            'application_name' => 'moodle ' . (PHP_SAPI === 'cli' ? 'cli' : 'web'),
        ];
        if (empty($options['dbhandlesoptions'])) {
            $parts['options'] = '--client_encoding=utf8 --standard_conforming_strings=on';
        }
        $quoted = [];
        foreach (array_filter($parts, static fn(string $value): bool => $value !== '') as $name => $value) {
            $quoted[] = "$name='" . addcslashes($value, "'\\") . "'";
        }
        $reason = '';
        set_error_handler(static function (int $level, string $message) use (&$reason): bool {
            $reason = $message;
            return true;
        });
        $connection = pg_connect(implode(' ', $quoted), PGSQL_CONNECT_FORCE_NEW);
        restore_error_handler();
        if ($connection === false) {
            throw new dml_connection_exception($reason);
        }
        if (pg_client_encoding($connection) !== 'UTF8') {
            throw new dml_connection_exception('client_encoding is not UTF8: ' . pg_client_encoding($connection));
        }
        $this->connection = $connection;
    }

    /** Closes the connection; session locks end with it. */
    public function dispose(): void {
        $this->connection === null || pg_close($this->connection);
        $this->connection = null;
    }

    public function get_prefix(): string {
        return $this->prefix;
    }

    public function get_dbfamily(): string {
        return 'postgres';
    }

    /** @return array{description: string, version: string} */
    public function get_server_info(): array {
        $version = (string) $this->get_field_sql('SHOW server_version');
        return ['description' => "PostgreSQL $version", 'version' => (string) preg_replace('/[^0-9.].*$/', '', $version)];
    }

    public function get_manager(): database_manager {
        return $this->manager ??= new database_manager($this);
    }

    /** @return array<string, string> names of the tables without the prefix */
    public function get_tables(): array {
        $names = $this->get_fieldset_sql(
            "SELECT table_name FROM information_schema.tables
              WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND left(table_name, ?) = ? ORDER BY 1",
            [strlen($this->prefix), $this->prefix],
        );
        $short = array_map(fn(string $name): string => substr($name, strlen($this->prefix)), $names);
        return array_combine($short, $short);
    }

    /** @return array<string, stdClass> column name => column_name, data_type, is_nullable */
    public function get_columns(string $table): array {
        return $this->get_records_sql(
            'SELECT column_name, data_type, is_nullable FROM information_schema.columns
              WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position',
            [$this->prefix . $table],
        );
    }

    /** Runs a statement that returns no rows. */
    public function execute(string $sql, ?array $params = null): bool {
        $this->run($sql, $params ?? []);
        return true;
    }

    /** Runs statements that change tables. */
    public function change_database_structure(string|array $sql): bool {
        foreach ((array) $sql as $statement) {
            $this->run($statement, []);
        }
        $this->get_manager()->forget();
        return true;
    }

    /** @return array<int|string, stdClass> rows by their first column */
    public function get_records_sql(string $sql, ?array $params = null, int $from = 0, int $count = 0): array {
        $sql .= ($count > 0 ? " LIMIT $count" : '') . ($from > 0 ? " OFFSET $from" : '');
        $records = [];
        foreach ($this->run($sql, $params ?? []) as $row) {
            $records[(string) reset($row)] = (object) $row;
        }
        return $records;
    }

    public function get_records(string $table, ?array $where = null, string $sort = '', string $fields = '*', int $from = 0, int $count = 0): array {
        [$sql, $params] = $this->select($table, $where ?? [], $sort, $fields);
        return $this->get_records_sql($sql, $params, $from, $count);
    }

    public function get_records_select(string $table, string $select, ?array $params = null, string $sort = '', string $fields = '*', int $from = 0, int $count = 0): array {
        $where = $select === '' ? '' : " WHERE $select";
        return $this->get_records_sql("SELECT $fields FROM {{$table}}$where" . ($sort === '' ? '' : " ORDER BY $sort"), $params, $from, $count);
    }

    /** @return array<string, mixed> first column => second column */
    public function get_records_menu(string $table, ?array $where = null, string $sort = '', string $fields = '*'): array {
        [$sql, $params] = $this->select($table, $where ?? [], $sort, $fields);
        return $this->get_records_sql_menu($sql, $params);
    }

    public function get_records_sql_menu(string $sql, ?array $params = null): array {
        $menu = [];
        foreach ($this->run($sql, $params ?? []) as $row) {
            [$key, $value] = array_values($row);
            $menu[$key] = $value;
        }
        return $menu;
    }

    /** @return string[] */
    public function get_fieldset_sql(string $sql, ?array $params = null): array {
        return array_map(static fn(array $row): mixed => reset($row), $this->run($sql, $params ?? []));
    }

    public function get_record_sql(string $sql, ?array $params = null): stdClass|false {
        $row = $this->run("$sql LIMIT 1", $params ?? [])[0] ?? null;
        return $row === null ? false : (object) $row;
    }

    public function get_record(string $table, array $where, string $fields = '*', int $strictness = IGNORE_MISSING): stdClass|false {
        [$sql, $params] = $this->select($table, $where, '', $fields);
        $record = $this->get_record_sql($sql, $params);
        return $record === false && $strictness === MUST_EXIST ? throw new dml_exception("There is no such row in the table $table.") : $record;
    }

    public function get_field_sql(string $sql, ?array $params = null): mixed {
        $row = $this->run($sql, $params ?? [])[0] ?? null;
        return $row === null ? false : reset($row);
    }

    public function get_field(string $table, string $field, array $where, int $strictness = IGNORE_MISSING): mixed {
        [$sql, $params] = $this->select($table, $where, '', $field);
        $value = $this->get_field_sql("$sql LIMIT 1", $params);
        return $value === false && $strictness === MUST_EXIST ? throw new dml_exception("There is no such row in the table $table.") : $value;
    }

    public function record_exists(string $table, array $where): bool {
        return $this->get_field($table, '1', $where) !== false;
    }

    public function count_records(string $table, array $where = []): int {
        return (int) $this->get_field($table, 'COUNT(*)', $where);
    }

    public function count_records_sql(string $sql, ?array $params = null): int {
        return (int) $this->get_field_sql($sql, $params);
    }

    /** @return int id of the new row */
    public function insert_record(string $table, stdClass|array $record): int {
        $values = (array) $record;
        unset($values['id']);
        $columns = '"' . implode('", "', array_keys($values)) . '"';
        $marks = implode(', ', array_fill(0, count($values), '?'));
        return (int) $this->run("INSERT INTO {{$table}} ($columns) VALUES ($marks) RETURNING id", array_values($values))[0]['id'];
    }

    public function update_record(string $table, stdClass|array $record): bool {
        $values = (array) $record;
        $id = $values['id'];
        unset($values['id']);
        $set = implode(', ', array_map(static fn(string $name): string => "\"$name\" = ?", array_keys($values)));
        return $this->execute("UPDATE {{$table}} SET $set WHERE id = ?", [...array_values($values), $id]);
    }

    public function set_field(string $table, string $field, mixed $value, ?array $where = null): bool {
        [$condition, $params] = $this->where($where ?? []);
        return $this->execute("UPDATE {{$table}} SET \"$field\" = ?$condition", [$value, ...$params]);
    }

    public function delete_records(string $table, ?array $where = null): bool {
        [$condition, $params] = $this->where($where ?? []);
        return $this->execute("DELETE FROM {{$table}}$condition", $params);
    }

    public function get_record_select(string $table, string $select, ?array $params = null, string $fields = '*'): stdClass|false {
        return $this->get_record_sql("SELECT $fields FROM {{$table}} WHERE $select", $params);
    }

    public function get_field_select(string $table, string $field, string $select, ?array $params = null): mixed {
        return $this->get_field_sql("SELECT $field FROM {{$table}} WHERE $select LIMIT 1", $params);
    }

    public function record_exists_select(string $table, string $select, ?array $params = null): bool {
        return $this->get_field_select($table, '1', $select, $params) !== false;
    }

    /** @return string a comparison of a column with a parameter */
    public function sql_equal(string $fieldname, string $param, bool $casesensitive = true): string {
        return $casesensitive ? "$fieldname = $param" : "LOWER($fieldname) = LOWER($param)";
    }

    /** @return moodle_transaction whose allow_commit keeps what is done from now on; the end of the script without it does not */
    public function start_delegated_transaction(): moodle_transaction {
        $this->run('BEGIN', []);
        return new moodle_transaction(fn(): array => $this->run('COMMIT', []));
    }

    public function is_transaction_started(): bool {
        return pg_transaction_status($this->connection) !== PGSQL_TRANSACTION_IDLE;
    }

    /** Runs the callback in one transaction; an exception rolls back and goes on. */
    public function in_transaction(callable $work): mixed {
        $this->run('BEGIN', []);
        try {
            $result = $work();
        } catch (Throwable $error) {
            $this->run('ROLLBACK', []);
            throw $error;
        }
        $this->run('COMMIT', []);
        return $result;
    }

    /** @return array{0: string, 1: array<int, mixed>} statement and its parameters */
    private function select(string $table, array $where, string $sort, string $fields): array {
        [$condition, $params] = $this->where($where);
        return ["SELECT $fields FROM {{$table}}$condition" . ($sort === '' ? '' : " ORDER BY $sort"), $params];
    }

    /** @return array{0: string, 1: array<int, mixed>} WHERE clause and its parameters */
    private function where(array $where): array {
        $tests = [];
        $params = [];
        foreach ($where as $name => $value) {
            $tests[] = $value === null ? "\"$name\" IS NULL" : "\"$name\" = ?";
            $value === null || $params[] = $value;
        }
        return [$tests === [] ? '' : ' WHERE ' . implode(' AND ', $tests), $params];
    }

    /** @return array<int, array<string, mixed>> rows */
    private function run(string $sql, array $params): array {
        $sql = (string) preg_replace('/\{([a-z][a-z0-9_]*)\}/', $this->prefix . '$1', $sql);
        $ordered = [];
        $mark = array_is_list($params) ? '/\?/' : '/(?<!:):([a-z][a-z0-9_]*)/';
        $sql = (string) preg_replace_callback($mark, static function (array $match) use (&$ordered, $params): string {
            $ordered[] = isset($match[1]) ? $params[$match[1]] : $params[count($ordered)];
            return '$' . count($ordered);
        }, $sql);
        $ordered = array_map(static fn(mixed $value): mixed => is_bool($value) ? (int) $value : $value, $ordered);
        preg_match('/^\s*(SELECT|SHOW)\b/i', $sql) === 1 ? $this->reads++ : $this->writes++;

        $this->connection ?? throw new dml_connection_exception('the connection is closed');
        $result = @pg_query_params($this->connection, $sql, $ordered);
        if ($result === false) {
            throw new dml_exception('Error in a database statement: ' . pg_last_error($this->connection) . " in: $sql");
        }
        return pg_fetch_all($result);
    }
}
