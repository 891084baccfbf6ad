<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

/**
 * Reading options and writing on the command line.
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Splits the command line into options and the rest.
 *
 * `--name` is true, `--no-name` is false when only `name` is known, `--name=value` is the string value: so
 * `--maintenance=false` is the non-empty string "false", which PHP takes for true; `--no-maintenance` is the way to say no.
 *
 * @param array<string, mixed> $longoptions name => default
 * @param array<string, string> $shortmapping letter => name
 * @return array{0: array<string, mixed>, 1: string[]} options, unrecognised arguments
 */
function cli_get_params(array $longoptions, ?array $shortmapping = null): array {
    $options = [];
    $unrecognised = [];
    foreach (array_slice($_SERVER['argv'] ?? [], 1) as $argument) {
        if ($argument === '--') {
            break;
        }
        [$key, $value] = array_pad(explode('=', ltrim($argument, '-'), 2), 2, true);
        $short = !str_starts_with($argument, '--');
        $key = $short ? ($shortmapping[$key] ?? null) : $key;
        if (!$short && $value === true && !array_key_exists($key, $longoptions) && str_starts_with($key, 'no-')) {
            [$key, $value] = [substr($key, 3), false];
        }
        if (str_starts_with($argument, '-') && $key !== null && array_key_exists($key, $longoptions)) {
            $options[$key] = $value;
        } else {
            $unrecognised[] = $argument;
        }
    }
    return [$options + $longoptions, $unrecognised];
}

/**
 * Options of a script; unknown ones and --help end it.
 *
 * @param array<string, mixed> $longoptions name => default, help is added
 * @param array<string, string> $shortmapping letter => name
 * @param int $badoption exit code for an unknown option
 * @param int $helpcode exit code of --help
 * @return array<string, mixed>
 */
function cli_options(string $help, array $longoptions = [], array $shortmapping = [], int $badoption = 1, int $helpcode = 0): array {
    [$options, $unrecognised] = cli_get_params($longoptions + ['help' => false], $shortmapping + ['h' => 'help']);
    if ($unrecognised !== []) {
        cli_error("Unrecognised options:\n  " . implode("\n  ", $unrecognised) . "\nPlease use --help option.", $badoption);
    }
    if ($options['help']) {
        $names = array_map(static fn(string $name): string => "  --$name", array_keys($longoptions));
        cli_writeln($help . "\n\nOptions:\n" . implode("\n", [...$names, '  -h, --help']));
        exit($helpcode);
    }
    return $options;
}

/** Writes text as it is. */
function cli_write(string $text, mixed $stream = STDOUT): void {
    fwrite($stream, $text);
}

/** Writes a line. */
function cli_writeln(string $text, mixed $stream = STDOUT): void {
    cli_write($text . PHP_EOL, $stream);
}

/** Writes a headline. */
function cli_heading(string $text): void {
    cli_writeln("== $text ==");
}

/** Writes a problem to the error output and goes on. */
function cli_problem(string $text): void {
    cli_writeln($text, STDERR);
}

/** Writes a problem to the error output and ends the script. */
function cli_error(string $text, int $errorcode = 1): never {
    cli_writeln($text . PHP_EOL, STDERR);
    exit($errorcode);
}

/** Asks one question; an empty string at the end of the input. */
function cli_input(string $prompt): string {
    cli_writeln($prompt);
    cli_write(': ');
    return trim((string) fgets(STDIN));
}
