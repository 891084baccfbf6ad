<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

use Closure;

/**
 * The rest of a command that works inside Moodle. It costs no second start of PHP: bin/moodle requires the script at its top,
 * where Moodle wants its global variables. What Moodle prints goes into the log, because it prints at will, and Moodle may
 * end the process when something fails.
 */
final class Inside
{
    private const TAIL_BYTES = 16384;

    private static ?self $running = null;
    /** @var array<string, mixed>|null */
    private ?array $report = null;
    private string $tail = '';

    /**
     * @param string $script one of inside/
     * @param array<string, mixed> $request what it reads
     * @param Closure(array<string, mixed>): array<string, mixed> $answer makes the command's answer of the script's report
     */
    public function __construct(private readonly string $script, private readonly array $request, private readonly Closure $answer)
    {
    }

    /** The file to be required now. */
    public function begin(): string
    {
        self::$running = $this;
        register_shutdown_function(function (): void {
            if ($this->report === null) {
                $exit = Application::failed((new Outcome(1, $this->tail, []))->failure("Moodle failed in the step '$this->script'"));
                // After Moodle has cleaned up.
                register_shutdown_function(static fn () => exit($exit));
            }
        });
        ob_start($this->log(...), 1);
        return Paths::INSIDE . "/$this->script.php";
    }

    /** The exit status, after the script came to its end. */
    public function finish(): int
    {
        $report = $this->report ?? [];
        try {
            if (($report['problems'] ?? []) !== []) {
                throw Failure::several(ExitCode::REFUSED, $report['problems']);
            }
            array_map(Log::line(...), $report['warnings'] ?? []);
            Log::result(($this->answer)($report));
            return ExitCode::OK;
        } catch (Failure $failure) {
            return Application::failed($failure);
        }
    }

    /** @return array<string, mixed> what the script is to do */
    public static function request(): array
    {
        return self::$running->request;
    }

    /** @param array<string, mixed> $report problems, when there are any, make the command fail */
    public static function report(array $report): void
    {
        self::$running->report = $report;
    }

    private function log(string $text): string
    {
        $this->tail = substr($this->tail . $text, -self::TAIL_BYTES);
        fwrite(STDERR, $text);
        return '';
    }
}
