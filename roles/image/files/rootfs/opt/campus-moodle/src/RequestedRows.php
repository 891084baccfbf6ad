<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use InvalidArgumentException;

/**
 * Lists of requested rows, as JSON on standard input. Everything that is wrong with them is said at once.
 *
 * A table says what a row may have: field => a check of Values, 'flag', 'names' (a list of texts), a list of words to choose
 * from, or another table for a list of rows. The first field of a table is the key: it is needed, and only once in a list.
 */
final class RequestedRows
{
    /** @var list<string> */
    private array $sentences = [];

    /**
     * @param array<string, array<string, mixed>> $tables name of the list => its table
     * @return array<string, list<array<string, mixed>>> every list; null counts as not given
     */
    public static function parse(string $json, array $tables): array
    {
        $given = json_decode($json, true);
        if (!is_array($given) || array_diff_key($given, $tables) !== []) {
            throw Failure::because(ExitCode::USAGE, 'usage', 'Standard input must be a JSON object with ' . implode(' and ', array_keys($tables)) . ', each a list.');
        }
        $parser = new self();
        $requested = [];
        foreach ($tables as $name => $table) {
            $requested[$name] = $parser->rows($name, $given[$name] ?? [], $table);
        }
        return $parser->sentences === [] ? $requested : throw new Failure(ExitCode::USAGE, 'usage', $parser->sentences);
    }

    /**
     * @param array<string, mixed> $table
     * @return list<array<string, mixed>>
     */
    private function rows(string $where, mixed $rows, array $table): array
    {
        if (!is_array($rows) || !array_is_list($rows)) {
            $this->sentences[] = "$where must be a list.";
            return [];
        }
        $key = array_key_first($table);
        $known = [];
        foreach ($rows as $index => $row) {
            $name = is_array($row) && is_string($row[$key] ?? null) ? "$where {$row[$key]}" : "$where number " . ($index + 1);
            if (!is_array($row) || !isset($row[$key])) {
                $this->sentences[] = "$name must be an object with $key.";
                continue;
            }
            in_array($row[$key], $known, true) && $this->sentences[] = "$name is there twice.";
            $known[] = $row[$key];
            $checked[] = $this->row($name, $row, $table);
        }
        return $checked ?? [];
    }

    /**
     * @param array<string, mixed> $row
     * @param array<string, mixed> $table
     * @return array<string, mixed>
     */
    private function row(string $where, array $row, array $table): array
    {
        $checked = [];
        foreach ($row as $field => $value) {
            if (!isset($table[$field])) {
                $this->sentences[] = "$where has no field $field; it has " . implode(', ', array_keys($table)) . '.';
            } elseif ($value !== null) {
                $checked[$field] = $this->value("$where: $field", $value, $table[$field]);
            }
        }
        return $checked;
    }

    private function value(string $where, mixed $value, mixed $type): mixed
    {
        if (is_array($type) && !array_is_list($type)) {
            return $this->rows($where, $value, $type);
        }
        try {
            return match (true) {
                $type === 'flag' => is_bool($value) ? $value : throw new InvalidArgumentException('must be true or false.'),
                $type === 'names' => is_array($value) && array_is_list($value) ? array_map(self::text(...), $value) : throw new InvalidArgumentException('must be a list of texts.'),
                is_array($type) => Values::choice(self::text($value), $type),
                default => Values::{$type}(self::text($value)),
            };
        } catch (InvalidArgumentException $wrong) {
            $this->sentences[] = "$where {$wrong->getMessage()}";
            return null;
        }
    }

    private static function text(mixed $value): string
    {
        return is_string($value) || is_int($value) ? (string) $value : throw new InvalidArgumentException('must be a text.');
    }
}
