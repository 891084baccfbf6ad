<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** Runs child processes: never through a shell, output to our log as it comes, signals passed on. */
final class Child
{
    private const TAIL_BYTES = 16384;
    private const STOP_SIGNALS = [SIGTERM, SIGINT, SIGQUIT];

    /**
     * Runs a PHP script and waits for it.
     *
     * @param list<string> $arguments script first
     * @param string $input what the script reads from its standard input
     * @param bool $quiet keep its output out of the log (it is still in the tail)
     * @param int $keep bytes of its output that the outcome holds, the last ones
     */
    public static function php(array $arguments, string $input = '', bool $quiet = false, int $keep = self::TAIL_BYTES): Outcome
    {
        return self::run([PHP_BINARY, ...$arguments], $input, $quiet, $keep);
    }

    /**
     * Runs one of our scripts that work inside Moodle and returns what it reports.
     *
     * @param list<string> $arguments
     * @return array<string, mixed>
     * @throws Failure with ExitCode::MOODLE when the script ends without a report
     */
    public static function inside(string $name, array $arguments = [], string $input = ''): array
    {
        $outcome = self::php([Paths::INSIDE . "/$name.php", ...$arguments], $input);
        if ($outcome->exit !== 0 || $outcome->report === []) {
            throw $outcome->failure("Moodle failed in the step '$name' with exit status {$outcome->exit}");
        }
        return $outcome->report;
    }

    /** @param list<string> $command */
    private static function run(array $command, string $input, bool $quiet, int $keep): Outcome
    {
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], ['redirect', 1], ['pipe', 'w']], $pipes);
        if ($process === false) {
            throw Failure::because(ExitCode::MOODLE, 'process', "Cannot start {$command[0]}.");
        }
        self::passSignals($process);
        fwrite($pipes[0], $input);
        fclose($pipes[0]);
        [$tail, $report, $isWhole] = self::drain($pipes[1], $pipes[3], $quiet, $keep);
        $exit = self::wait($process);
        array_map(static fn (int $signal) => pcntl_signal($signal, SIG_DFL), self::STOP_SIGNALS);
        return new Outcome($exit, $tail, json_decode($report, true) ?? [], $isWhole);
    }

    /**
     * Reads both pipes to their end.
     *
     * @param resource $output
     * @param resource $report
     * @return array{string, string, bool} tail of the output, whole report, whether the tail is the whole output
     */
    private static function drain($output, $report, bool $quiet, int $keep): array
    {
        $texts = [(int) $output => '', (int) $report => ''];
        $open = [$output, $report];
        $isWhole = true;
        while ($open !== []) {
            [$read, $write, $except] = [$open, null, null];
            if (@stream_select($read, $write, $except, null) === false) {
                continue; // a signal came in; its handler has run
            }
            foreach ($read as $pipe) {
                $text = (string) fread($pipe, 65536);
                if ($text === '' && feof($pipe)) {
                    $open = array_values(array_filter($open, static fn ($one) => $one !== $pipe));
                    continue;
                }
                $texts[(int) $pipe] .= $text;
                if ($pipe === $output) {
                    $isWhole = $isWhole && strlen($texts[(int) $pipe]) <= $keep;
                    $texts[(int) $pipe] = substr($texts[(int) $pipe], -$keep);
                    $quiet || fwrite(STDERR, $text);
                }
            }
        }
        return [$texts[(int) $output], $texts[(int) $report], $isWhole];
    }

    /** @param resource $process */
    private static function passSignals($process): void
    {
        pcntl_async_signals(true);
        $pid = proc_get_status($process)['pid'];
        $pass = static fn () => posix_kill($pid, SIGTERM);
        array_map(static fn (int $signal) => pcntl_signal($signal, $pass), self::STOP_SIGNALS);
    }

    /** @param resource $process */
    private static function wait($process): int
    {
        do {
            $status = proc_get_status($process);
            $status['running'] && usleep(5000); // its pipes are closed already: it is ending
        } while ($status['running']);
        proc_close($process);
        return $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
    }
}
