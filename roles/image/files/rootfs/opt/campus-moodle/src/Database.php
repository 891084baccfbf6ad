<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use PDO;
use PDOException;

/** The site's database over a direct connection, without Moodle. */
final class Database
{
    /** Errors that waiting does not cure: wrong password, no such role, no such database. */
    private const FINAL_STATES = ['28P01', '28000', '3D000'];

    private function __construct(private readonly PDO $pdo, public readonly string $prefix)
    {
    }

    /**
     * Connects, and waits for a database that is still starting.
     *
     * @param array<string, mixed> $values as Environment::read gives for 'site'
     * @param int|null $wait seconds; default MOODLE_DATABASE_WAIT
     * @throws Failure with ExitCode::UNREACHABLE
     */
    public static function connect(array $values, ?int $wait = null): self
    {
        $deadline = microtime(true) + ($wait ?? $values['MOODLE_DATABASE_WAIT']);
        for ($pause = 0.25;; $pause = min(4.0, $pause * 2)) {
            try {
                return new self(self::open($values), $values['MOODLE_DATABASE_PREFIX']);
            } catch (PDOException $error) {
                if (self::isFinal($error) || microtime(true) + $pause > $deadline) {
                    throw self::unreachable($values, $error);
                }
            }
            usleep((int) ($pause * 1e6));
        }
    }

    /**
     * @param list<mixed> $arguments
     * @return list<array<string, mixed>>
     */
    public function rows(string $sql, array $arguments = []): array
    {
        $statement = $this->pdo->prepare($sql);
        $statement->execute($arguments);
        return $statement->fetchAll(PDO::FETCH_ASSOC);
    }

    /** @param list<mixed> $arguments */
    public function value(string $sql, array $arguments = []): mixed
    {
        $rows = $this->rows($sql, $arguments);
        return $rows === [] ? null : reset($rows[0]);
    }

    /** @param list<mixed> $arguments */
    public function execute(string $sql, array $arguments = []): void
    {
        $this->pdo->prepare($sql)->execute($arguments);
    }

    /** Version of the server as PostgreSQL counts it: 130004 for 13.4. */
    public function serverVersion(): int
    {
        return (int) $this->value('SHOW server_version_num');
    }

    /** @return list<string> Moodle's tables, with their prefix */
    public function tables(): array
    {
        return $this->relations("relkind IN ('r', 'p')");
    }

    /** @return list<string> sequences with Moodle's prefix that belong to no table */
    public function sequences(): array
    {
        return $this->relations("relkind = 'S'");
    }

    public function hasTable(string $table): bool
    {
        return $this->value('SELECT to_regclass(?)', [$table]) !== null;
    }

    /**
     * Settings from Moodle's table config.
     *
     * @param list<string> $names
     * @return array<string, string>
     */
    public function settings(array $names): array
    {
        $marks = implode(', ', array_fill(0, count($names), '?'));
        $rows = $this->rows("SELECT name, value FROM {$this->prefix}config WHERE name IN ($marks)", $names);
        return array_column($rows, 'value', 'name');
    }

    /**
     * Waits for the lock that install and upgrade of this site share; the server drops it when this connection ends.
     * Moodle's own locks use the two-number form, so they cannot meet this one.
     *
     * @throws Failure with ExitCode::LOCKED
     */
    public function lock(int $seconds): void
    {
        $key = unpack('q', hash('sha256', "campus.moodle {$this->prefix}", true))[1];
        $deadline = microtime(true) + $seconds;
        while (!$this->value('SELECT pg_try_advisory_lock(?)', [$key])) {
            if (microtime(true) > $deadline) {
                throw Failure::because(ExitCode::LOCKED, 'locked', "Another container has been installing or upgrading this site for more than $seconds seconds; look at its log, then run this again.");
            }
            usleep(500000);
        }
    }

    /** @return list<string> */
    private function relations(string $condition): array
    {
        return array_column($this->rows(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = current_schema() AND starts_with(c.relname, ?) AND $condition ORDER BY 1",
            [$this->prefix],
        ), 'relname');
    }

    /** @param array<string, mixed> $values */
    private static function open(array $values): PDO
    {
        $options = [
            'host' => $values['MOODLE_DATABASE_HOST'],
            'port' => $values['MOODLE_DATABASE_PORT'],
            'dbname' => $values['MOODLE_DATABASE_NAME'],
            'sslmode' => $values['MOODLE_DATABASE_SSLMODE'],
            'connect_timeout' => 5,
        ];
        if ($values['MOODLE_DATABASE_SSLROOTCERT'] !== '') {
            $options['sslrootcert'] = $values['MOODLE_DATABASE_SSLROOTCERT'];
        }
        $words = array_map(
            static fn (string $name, mixed $value) => "$name='" . addcslashes((string) $value, "'\\") . "'",
            array_keys($options),
            $options,
        );
        return new PDO(
            'pgsql:' . implode(';', $words),
            $values['MOODLE_DATABASE_USER'],
            $values['MOODLE_DATABASE_PASSWORD'],
            [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION],
        );
    }

    private static function isFinal(PDOException $error): bool
    {
        // A failed connection always has the state 08006; the real one is only in the text.
        $text = $error->getMessage();
        return in_array($error->getCode(), self::FINAL_STATES, true)
            || preg_match('/password authentication failed|(role|database) ".*" does not exist|no pg_hba.conf entry/', $text) === 1;
    }

    /** @param array<string, mixed> $values */
    private static function unreachable(array $values, PDOException $error): Failure
    {
        $reason = preg_replace('/\s+/', ' ', preg_replace('/^SQLSTATE\[\w+\] \[\d+\] /', '', $error->getMessage()));
        return Failure::because(ExitCode::UNREACHABLE, 'database', sprintf(
            'The database %s at %s:%d cannot be reached as user %s: %s',
            $values['MOODLE_DATABASE_NAME'],
            $values['MOODLE_DATABASE_HOST'],
            $values['MOODLE_DATABASE_PORT'],
            $values['MOODLE_DATABASE_USER'],
            $reason,
        ));
    }
}
