<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

defined('MOODLE_INTERNAL') || die();

/**
 * Tables as install.xml files describe them: making, dropping, comparing.
 */
class database_manager {
    /** @var array<string, string>|null tables there are, as long as nothing changed them */
    private ?array $tables = null;

    public function __construct(private moodle_database $db) {
    }

    /** Forgets what is known about the tables. */
    public function forget(): void {
        $this->tables = null;
    }

    public function table_exists(string $table): bool {
        return isset(($this->tables ??= $this->db->get_tables())[$table]);
    }

    public function field_exists(string $table, string $field): bool {
        return isset($this->db->get_columns($table)[$field]);
    }

    /** Makes the tables and indexes of an install.xml in one transaction. */
    public function install_from_xmldb_file(string $file): void {
        $statements = [];
        foreach ($this->load($file) as $name => $table) {
            $statements = [...$statements, ...$this->create_statements($name, $table)];
        }
        $this->db->in_transaction(fn() => $this->db->change_database_structure($statements));
    }

    /** Drops the tables of an install.xml. */
    public function delete_tables_from_xmldb_file(string $file): void {
        foreach (array_keys($this->load($file)) as $name) {
            $this->db->change_database_structure("DROP TABLE IF EXISTS {{$name}}");
        }
    }

    /** @return array<string, SimpleXMLElement> tables core and every installed plugin ask for */
    public function get_install_xml_schema(): array {
        global $CFG;
        $schema = $this->load("$CFG->libdir/db/install.xml");
        foreach (core_component::get_plugin_types() as $type => $directory) {
            foreach (core_component::get_plugin_list($type) as $name => $path) {
                if (is_file("$path/db/install.xml")) {
                    $schema += $this->load("$path/db/install.xml");
                }
            }
        }
        return $schema;
    }

    /**
     * @param array<string, SimpleXMLElement> $schema
     * @return array<string, string[]> table => differences
     */
    public function check_database_schema(array $schema): array {
        $errors = [];
        foreach ($schema as $name => $table) {
            $problems = $this->table_exists($name) ? $this->check_columns($name, $table) : ['table is missing'];
            $problems === [] || $errors[$name] = $problems;
        }
        foreach (array_diff_key($this->db->get_tables(), $schema) as $name) {
            $errors[$name] = ['table is not expected'];
        }
        return $errors;
    }

    /** @return string[] */
    private function check_columns(string $name, SimpleXMLElement $table): array {
        $columns = $this->db->get_columns($name);
        $problems = [];
        foreach ($table->FIELDS->FIELD as $field) {
            $column = (string) $field['NAME'];
            isset($columns[$column]) || $problems[] = "column '$column' is missing";
            $required = (string) $field['NOTNULL'] === 'true';
            if (isset($columns[$column]) && $required !== ($columns[$column]->is_nullable === 'NO')) {
                $problems[] = "column '$column' should " . ($required ? 'be NOT NULL' : 'allow NULL');
            }
            unset($columns[$column]);
        }
        foreach (array_keys($columns) as $column) {
            $problems[] = "column '$column' is not expected";
        }
        return $problems;
    }

    /** @return array<string, SimpleXMLElement> table name => TABLE element */
    private function load(string $file): array {
        $xml = simplexml_load_file($file);
        $xml !== false || throw new RuntimeException("$file is not a table description");
        $tables = [];
        foreach ($xml->TABLES->TABLE as $table) {
            $tables[(string) $table['NAME']] = $table;
        }
        return $tables;
    }

    /** @return string[] */
    private function create_statements(string $name, SimpleXMLElement $table): array {
        $lines = [];
        foreach ($table->FIELDS->FIELD as $field) {
            $lines[] = '"' . $field['NAME'] . '" ' . $this->column_type($field) . $this->column_rest($field);
        }
        foreach ($table->KEYS->KEY ?? [] as $key) {
            $kind = ['primary' => 'PRIMARY KEY', 'unique' => 'UNIQUE'][(string) $key['TYPE']] ?? null;
            $kind === null || $lines[] = "$kind (" . $key['FIELDS'] . ')';
        }
        $statements = ["CREATE TABLE {{$name}} (" . implode(', ', $lines) . ')'];
        foreach ($table->INDEXES->INDEX ?? [] as $index) {
            $unique = (string) $index['UNIQUE'] === 'true' ? 'UNIQUE ' : '';
            $label = $this->db->get_prefix() . "{$name}_" . $index['NAME'] . '_ix';
            $statements[] = "CREATE {$unique}INDEX $label ON {{$name}} (" . $index['FIELDS'] . ')';
        }
        return $statements;
    }

    private function column_type(SimpleXMLElement $field): string {
        $length = (int) $field['LENGTH'];
        $integer = $length > 9 ? 'bigint' : ($length > 4 ? 'integer' : 'smallint');
        return match (true) {
            (string) $field['SEQUENCE'] === 'true' => 'bigserial',
            (string) $field['TYPE'] === 'int' => $integer,
            (string) $field['TYPE'] === 'char' => "varchar($length)",
            (string) $field['TYPE'] === 'number' => "numeric($length," . (int) $field['DECIMALS'] . ')',
            (string) $field['TYPE'] === 'float' => 'double precision',
            (string) $field['TYPE'] === 'binary' => 'bytea',
            default => 'text',
        };
    }

    private function column_rest(SimpleXMLElement $field): string {
        $default = $field['DEFAULT'] === null ? '' : " DEFAULT '" . str_replace("'", "''", (string) $field['DEFAULT']) . "'";
        return $default . ((string) $field['NOTNULL'] === 'true' ? ' NOT NULL' : '');
    }
}
