# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What one size asks of another: workers and uploads of the memory, runners of the database, replicas of the proxy.

All numbers are megabytes unless they say otherwise.
"""

from __future__ import annotations

import math
import typing as t

from . import types

Values = t.Mapping[str, t.Any]
MEGABYTE = 1024**2

# The pool of PHP as the image counts it (PoolSize.php): shared memory with one large page, each worker, workers for a processor.
SHARED, WORKER, WORKERS_PER_CPU, LEAST_WORKERS = 256, 64, 6, 2
# Files under /tmp that are no uploads.
OTHER_FILES = 32
# nginx hands uploads on as they come, so it writes down next to nothing.
WEB_SCRATCH = 32
# Places for web containers in the proxy (proxy.sh). A rollout starts as many new ones beside the old.
PROXY_PLACES = 40
MOST_WEB_REPLICAS = PROXY_PLACES // 2
# Connections to PostgreSQL beside those of the pooler and of the background work: health checks, commands, an administrator, backups.
SPARE_CONNECTIONS = 50
LEAST_POOLER_CLIENTS = 1000


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


def upload_memory(upload: int) -> int:
    """Return the memory that an upload of this size takes beside the workers."""
    return upload + OTHER_FILES


def room_for_uploads(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse uploads that a PHP container cannot hold: /tmp is in its memory. Sizes that are none have a sentence of their own."""
    try:
        memory, upload = (types.memory_bytes(values[option]) // MEGABYTE for option in ("moodle_php_memory", "moodle_upload_max"))
    except ValueError:
        return
    least = pool_memory(LEAST_WORKERS) + upload_memory(upload)
    if SHARED <= memory < least:
        yield (
            f"moodle_php_memory is {values['moodle_php_memory']!r}, which has no room for an upload of moodle_upload_max "
            f"{values['moodle_upload_max']!r}; give {least}m or more, or lower moodle_upload_max."
        )


def many_workers(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Warn of a number of workers that was measured for other pages than Moodle's usual ones, or not at all."""
    try:
        memory, upload = (types.memory_bytes(values[option]) // MEGABYTE for option in ("moodle_php_memory", "moodle_upload_max"))
    except ValueError:
        return
    wanted = pool_memory(values["moodle_php_workers"]) + upload_memory(upload)
    if values["moodle_php_workers"] > LEAST_WORKERS and wanted > memory:
        yield (
            f"moodle_php_workers is {values['moodle_php_workers']}, which with one upload may take {wanted} MB, "
            f"but moodle_php_memory is {values['moodle_php_memory']!r}."
        )


def size(spec: dict[str, t.Any]) -> None:
    """Complete a description whose sizes are megabytes already: workers, the size of each /tmp, and connections."""
    php, upload = spec["php"], spec["upload_max"]
    # Those are left out that would take an upload's memory away.
    php["workers"] = php["workers"] or pool_size(php["memory"] - upload_memory(upload), php["cpus"])
    php["scratch"] = max(php["memory"] - pool_memory(php["workers"]), upload_memory(upload))
    spec["web"]["scratch"] = WEB_SCRATCH
    for group in ("cron", "adhoc"):
        spec[group]["scratch"] = spec[group]["memory"] // 2
    # While a rollout lasts, twice as many run.
    clients = 2 * php["replicas"] * php["workers"]
    database = spec["database"]
    direct = database["pooler_size"] if database["pooler"] else clients
    database["connections"] = direct + spec["cron"]["replicas"] + spec["adhoc"]["replicas"] + SPARE_CONNECTIONS
    database["pooler_clients"] = max(LEAST_POOLER_CLIENTS, clients)
