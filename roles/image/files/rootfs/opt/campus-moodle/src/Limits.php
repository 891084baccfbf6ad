<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/** The limits of this container, from either version of control groups. Without a limit: what the machine has. */
final class Limits
{
    /** Version 1 writes "no limit" as a number near 2^63. */
    private const NO_LIMIT = 1 << 60;

    public function __construct(private readonly string $cgroup = '/sys/fs/cgroup', private readonly string $proc = '/proc')
    {
    }

    /** Bytes. */
    public function memory(): int
    {
        $limits = array_filter([
            $this->number('memory.max'),
            $this->number('memory/memory.limit_in_bytes'),
            1024 * (int) $this->match('/^MemTotal:\s+(\d+) kB/m', "$this->proc/meminfo"),
        ], static fn (int $bytes) => $bytes > 0 && $bytes < self::NO_LIMIT);
        return $limits === [] ? 1 << 30 : min($limits);
    }

    public function cpus(): float
    {
        [$quota, $period] = explode(' ', $this->text('cpu.max') ?: $this->text('cpu/cpu.cfs_quota_us') . ' ' . $this->text('cpu/cpu.cfs_period_us')) + [1 => '0'];
        $machine = max(1, preg_match_all('/^processor\s*:/m', (string) @file_get_contents("$this->proc/cpuinfo")));
        return (int) $quota > 0 && (int) $period > 0 ? min((float) $machine, (int) $quota / (int) $period) : (float) $machine;
    }

    private function number(string $name): int
    {
        return (int) $this->text($name); // "max" counts as 0: no limit
    }

    private function text(string $name): string
    {
        return trim((string) @file_get_contents("$this->cgroup/$name"));
    }

    private function match(string $pattern, string $path): string
    {
        return preg_match($pattern, (string) @file_get_contents($path), $match) ? $match[1] : '';
    }
}
