# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What one size asks of another in Docker Compose: workers and uploads of the memory, runners and a rollout of the database.

All numbers are megabytes unless they say otherwise.
"""

from __future__ import annotations

import typing as t

from ..capacity import LEAST_WORKERS, SHARED, pool_memory, pool_size
from ..model import Site
from ..surroundings import Surroundings

# /tmp of a container is a part of its memory. Files there that are no uploads:
OTHER_FILES = 32
# nginx hands uploads on as they come, so it writes down next to nothing.
WEB_SCRATCH = 32
# Places for web containers in the proxy (proxy.sh). A rollout starts as many new ones next to the old.
PROXY_PLACES = 40
MOST_WEB_REPLICAS = PROXY_PLACES // 2
# Connections to PostgreSQL for the rest: health checks, commands, an administrator, backups.
SPARE_CONNECTIONS = 50
LEAST_POOLER_CLIENTS = 1000


def upload_memory(upload: int) -> int:
    """Return the memory that an upload of this size takes in addition to the workers."""
    return upload + OTHER_FILES


def room_for_uploads(site: Site, _machine: t.Any, _around: Surroundings) -> t.Iterator[str]:
    """Refuse uploads that a PHP container cannot hold."""
    least = pool_memory(LEAST_WORKERS) + upload_memory(site.upload_max)
    if SHARED <= site.php.memory < least:
        yield (
            f"moodle_php_memory is '{site.php.memory}m', which has no room for an upload of moodle_upload_max "
            f"'{site.upload_max}m'; give {least}m or more, or lower moodle_upload_max."
        )


def many_workers(site: Site, _machine: t.Any, _around: Surroundings) -> t.Iterator[str]:
    """Warn of a number of workers that was measured for other pages than Moodle's usual ones, or not at all."""
    needed = pool_memory(site.php.workers) + upload_memory(site.upload_max)
    if site.php.workers > LEAST_WORKERS and needed > site.php.memory:
        yield (
            f"moodle_php_workers is {site.php.workers}, which with one upload may take {needed} MB, "
            f"but moodle_php_memory is '{site.php.memory}m'."
        )


def web_replicas(site: Site, _machine: t.Any, _around: Surroundings) -> t.Iterator[str]:
    """Refuse more web servers than the proxy has places for while a rollout doubles them."""
    if site.web.replicas > MOST_WEB_REPLICAS:
        yield f"moodle_web_replicas is {site.web.replicas}; give a number from 1 to {MOST_WEB_REPLICAS}."


def sizes(site: Site) -> dict[str, t.Any]:
    """Return what follows from the sizes: PHP's workers, the size of each /tmp, and the connections to PostgreSQL."""
    upload = upload_memory(site.upload_max)
    # Those are left out that would take an upload's memory away.
    workers = site.php.workers or pool_size(site.php.memory - upload, site.php.cpus)
    # While a rollout lasts, twice as many run.
    clients = 2 * site.php.replicas * workers
    direct = site.database.pooler_size if site.database.pooler else clients
    return {
        "php": {"workers": workers, "scratch": max(site.php.memory - pool_memory(workers), upload)},
        "web": {"scratch": WEB_SCRATCH},
        "cron": {"scratch": site.cron.memory // 2},
        "adhoc": {"scratch": site.adhoc.memory // 2},
        "database": {
            "connections": direct + site.cron.replicas + site.adhoc.replicas + SPARE_CONNECTIONS,
            "pooler_clients": max(LEAST_POOLER_CLIENTS, clients),
        },
    }
