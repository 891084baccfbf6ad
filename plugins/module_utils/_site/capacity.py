# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How many PHP workers a container gets, as the site image counts them (PoolSize.php).

All numbers are megabytes unless they say otherwise.
"""

from __future__ import annotations

import math

# Shared memory with one large page, each worker, and workers for a processor.
SHARED, WORKER, WORKERS_PER_CPU, LEAST_WORKERS = 256, 64, 6, 2


def pool_memory(workers: int) -> int:
    """Return the memory that so many workers need."""
    return SHARED + workers * WORKER


def workers_by_memory(memory: int) -> int:
    """Return the number of workers that a memory limit allows."""
    return max(0, (memory - SHARED) // WORKER)


def workers_by_cpus(cpus: float) -> int:
    """Return the number of workers that a processor limit allows. PHP rounds a half up, Python to the even number."""
    return math.floor(cpus * WORKERS_PER_CPU + 0.5)


def pool_size(memory: int, cpus: float) -> int:
    """Return as many workers as the image chooses."""
    return max(LEAST_WORKERS, min(workers_by_memory(memory), workers_by_cpus(cpus)))
