# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The filter says what the site image does: PHP itself is asked for every row."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.filter.fpm_pool import fpm_pool
from ansible_collections.campus.moodle.tests.image.runtime import call

MIB = 1 << 20
# Memory in MiB, processors, and the workers that both must give.
ROWS = [
    (16, 1.0, 2),
    (256, 1.0, 2),
    (447, 2.0, 2),
    (448, 2.0, 3),
    (512, 2.0, 4),
    (1024, 2.0, 12),
    (8192, 2.0, 12),
    (8192, 0.5, 3),
    # Halves: PHP rounds them up.
    (8192, 0.25, 2),
    (8192, 0.75, 5),
    (8192, 1.25, 8),
    (8192, 1.75, 11),
    (8192, 0.1, 2),
    (65536, 16.0, 96),
]


@pytest.mark.parametrize(("memory", "cpus", "workers"), ROWS)
def test_filter_and_image_agree(memory: int, cpus: float, workers: int) -> None:
    assert fpm_pool(memory * MIB, cpus)["workers"] == workers
    assert call("PoolSize::workers", memory * MIB, cpus) == workers


@pytest.mark.parametrize("rows", [[(memory, cpus) for memory in (300, 777, 2050, 5000) for cpus in (0.3, 1.1, 2.6)]])
def test_filter_and_image_agree_where_nobody_calculated_before(rows: list[tuple[int, float]]) -> None:
    assert [fpm_pool(memory * MIB, cpus)["workers"] for memory, cpus in rows] == [
        call("PoolSize::workers", memory * MIB, cpus) for memory, cpus in rows
    ]


@pytest.mark.parametrize(
    ("memory", "cpus", "limit", "by_memory", "by_cpus"),
    [("512m", 2, "memory", 4, 12), ("2g", "2", "cpus", 28, 12), ("1g", 2, "cpus", 12, 12), ("128MiB", 1, "least", 0, 6)],
)
def test_what_decides_is_named(memory: str, cpus: t.Any, limit: str, by_memory: int, by_cpus: int) -> None:
    found = fpm_pool(memory, cpus)
    assert (found["limit"], found["by_memory"], found["by_cpus"]) == (limit, by_memory, by_cpus)


@pytest.mark.parametrize("cpus", [0.1, 0.75, 2, 16])
def test_with_the_memory_that_is_named_memory_does_not_decide(cpus: float) -> None:
    enough = fpm_pool("64g", cpus)["memory"]
    assert fpm_pool(enough, cpus)["workers"] == fpm_pool("64g", cpus)["workers"]
    assert fpm_pool(enough - 1, cpus)["by_memory"] < max(2, fpm_pool(enough, cpus)["by_cpus"])


@pytest.mark.parametrize(
    ("memory", "cpus", "sentence"),
    [
        ("much", 1, "fpm_pool: memory is 'much', but must be a number with a unit: k, m, g or t, for example 512m."),
        ("0", 1, "fpm_pool: memory is '0', but must be more than 0."),
        ("1g", "two", "fpm_pool: cpus is 'two', but must be a number."),
        ("1g", -1, "fpm_pool: cpus is -1, but must be more than 0."),
        (True, 1, "fpm_pool: memory is True, but must be a number with a unit"),
    ],
)
def test_bad_input_is_a_sentence(memory: t.Any, cpus: t.Any, sentence: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        fpm_pool(memory, cpus)
    assert sentence in str(caught.value)
