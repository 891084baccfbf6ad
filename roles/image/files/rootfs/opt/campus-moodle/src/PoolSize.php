<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

declare(strict_types=1);

namespace Campus\Moodle;

/**
 * How many PHP workers fit into a container.
 *
 *     by memory: (limit - 256 MiB) / 64 MiB     the first number is for what they share, and for one large page
 *     by CPU:    6 for each CPU                 more only wait for each other
 *
 * The smaller of the two, at least 2.
 */
final class PoolSize
{
    private const SHARED_MIB = 256;
    private const WORKER_MIB = 64;
    private const WORKERS_PER_CPU = 6;
    private const LEAST = 2;

    /**
     * @param int $memory bytes that the container may use
     * @param float $cpus
     */
    public static function workers(int $memory, float $cpus): int
    {
        $byMemory = intdiv(intdiv($memory, 1 << 20) - self::SHARED_MIB, self::WORKER_MIB);
        $byCpu = (int) round($cpus * self::WORKERS_PER_CPU);
        return max(self::LEAST, min($byMemory, $byCpu));
    }
}
