# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The presets of moodle_size: what an option gets when neither the inventory nor the argument spec gives a value.

small holds the limits of one school's site: PHP 1 processor and 1 GB, PostgreSQL half a processor and 512 MB.
The pooler keeps as many server connections as PHP workers fit into the memory, with a few to spare.
"""

from __future__ import annotations

import typing as t

SIZES: dict[str, dict[str, t.Any]] = {
    "small": {
        "moodle_php_replicas": 1,
        "moodle_php_memory": "1g",
        "moodle_php_cpus": 1.0,
        "moodle_web_replicas": 1,
        "moodle_cron_replicas": 1,
        "moodle_adhoc_replicas": 1,
        "moodle_database_memory": "512m",
        "moodle_database_cpus": 0.5,
        "moodle_database_pooler_size": 20,
        "moodle_cache_memory": "128m",
    },
    "medium": {
        "moodle_php_replicas": 2,
        "moodle_php_memory": "2g",
        "moodle_php_cpus": 2.0,
        "moodle_web_replicas": 2,
        "moodle_cron_replicas": 2,
        "moodle_adhoc_replicas": 2,
        "moodle_database_memory": "2g",
        "moodle_database_cpus": 2.0,
        "moodle_database_pooler_size": 50,
        "moodle_cache_memory": "512m",
    },
    "large": {
        "moodle_php_replicas": 4,
        "moodle_php_memory": "4g",
        "moodle_php_cpus": 4.0,
        "moodle_web_replicas": 2,
        "moodle_cron_replicas": 3,
        "moodle_adhoc_replicas": 3,
        "moodle_database_memory": "8g",
        "moodle_database_cpus": 4.0,
        "moodle_database_pooler_size": 150,
        "moodle_cache_memory": "1g",
    },
}
