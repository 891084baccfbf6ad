<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * Runs one of Moodle's task scripts again and again, for as long as the container lives. While no task may run
 * (maintenance, pending upgrade, database away, cron disabled) it waits, quietly, and says once why. When the container is
 * asked to stop, the script is told once; it finishes its current task and ends.
 */
final class TaskLoop
{
    /** A script that ends sooner is not started again before so many seconds. */
    private const LEAST_SECONDS = 10;
    private const FIRST_PAUSE = 5;
    private const LONGEST_PAUSE = 60;

    private bool $stopped = false;
    private int $child = 0;
    private string $reported = '';

    /**
     * @param array<string, mixed> $values as Environment::read gives for 'site'
     * @param string $script name of one of Moodle's scripts
     * @param list<string> $arguments of the script, in addition to those that follow from the values
     */
    public function __construct(private readonly array $values, private readonly string $script, private readonly array $arguments = [])
    {
    }

    public function run(): int
    {
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT, SIGQUIT] as $signal) {
            pcntl_signal($signal, $this->stop(...));
        }
        $pause = self::FIRST_PAUSE;
        while (!$this->stopped) {
            $pause = $this->once() ? self::FIRST_PAUSE : min(self::LONGEST_PAUSE, $pause * 2);
            $this->rest($pause);
        }
        return ExitCode::OK;
    }

    /** @return bool whether all was well */
    private function once(): bool
    {
        $reasons = Readiness::reasonsAgainstTasks();
        $this->report($reasons === [] ? 'Running tasks.' : 'No tasks for now: ' . implode(' ', $reasons));
        if ($reasons !== []) {
            return true; // nothing wrong with us: look again soon
        }
        $started = time();
        $exit = $this->start();
        if ($exit !== 0 && !$this->stopped) {
            Log::line("$this->script.php ended with exit status $exit.");
            return false;
        }
        $this->rest(self::LEAST_SECONDS - (time() - $started));
        return true;
    }

    private function start(): int
    {
        $process = proc_open(self::command($this->values, $this->script, $this->arguments), [['file', '/dev/null', 'r'], STDOUT, STDERR], $pipes);
        if ($process === false) {
            return 1;
        }
        $this->child = proc_get_status($process)['pid'];
        do {
            usleep(300000);
            $status = proc_get_status($process);
        } while ($status['running']);
        $this->child = 0;
        proc_close($process);
        return $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
    }

    /**
     * What runs one of Moodle's scripts.
     *
     * @param array<string, mixed> $values
     * @param list<string> $arguments
     * @return list<string>
     */
    public static function command(array $values, string $script, array $arguments): array
    {
        $limit = $values['MOODLE_CRON_MEMORY_LIMIT'];
        // Moodle raises a limit that is lower than what it wants, and leaves a higher one alone.
        $php = $limit === '' ? [PHP_BINARY] : [PHP_BINARY, '-d', "memory_limit=$limit"];
        return [...$php, Image::script($script), ...$arguments, "--keep-alive={$values['MOODLE_CRON_KEEP_ALIVE']}"];
    }

    private function stop(): void
    {
        if (!$this->stopped && $this->child > 0) {
            posix_kill($this->child, SIGTERM); // a second one would end it at once
        }
        $this->stopped = true;
    }

    /** Sleeps, but not longer than until the container is asked to stop. */
    private function rest(int $seconds): void
    {
        for ($until = microtime(true) + $seconds; !$this->stopped && microtime(true) < $until;) {
            usleep(200000);
        }
    }

    private function report(string $sentence): void
    {
        if ($sentence !== $this->reported) {
            Log::line($sentence);
            $this->reported = $sentence;
        }
    }
}
