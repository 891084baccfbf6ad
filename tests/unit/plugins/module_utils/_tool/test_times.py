# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Times of Go, Kubernetes and PostgreSQL, and ages as users write them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.times import micro_time, parse_age, parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000000Z"),
        ("2026-11-21T08:00:00.123456Z", "2026-11-21T08:00:00.123456Z"),
        ("2026-11-21T08:00:00.123456789Z", "2026-11-21T08:00:00.123456Z"),
        ("2026-11-21 08:00:00", "2026-11-21T08:00:00.000000Z"),
        ("2026-11-21 10:00:00.5+02", "2026-11-21T08:00:00.500000Z"),
        ("2026-11-21T13:30:00+05:30", "2026-11-21T08:00:00.000000Z"),
        ("2026-11-21T04:00:00-0400", "2026-11-21T08:00:00.000000Z"),
    ],
)
def test_times_of_kubernetes_and_of_postgresql_are_read(text: str, expected: str) -> None:
    moment = parse_time(text)
    assert moment is not None
    assert micro_time(moment) == expected


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-21T12:46:27.107350694Z", "2026-11-21T12:46:27.107350+00:00"),
        ("2026-11-21T12:46:27Z", "2026-11-21T12:46:27+00:00"),
        ("2026-11-21T12:46:27.5+02:00", "2026-11-21T12:46:27.500000+02:00"),
    ],
)
def test_a_time_keeps_its_zone(text: str, iso: str) -> None:
    moment = parse_time(text)
    assert moment is not None
    assert moment.isoformat() == iso


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-13-01T00:00:00Z", "2026-11-21", "1763712000"])
def test_other_text_is_not_a_time(text: t.Optional[str]) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(("text", "seconds"), [("26h", 93600), ("1d12h", 129600), ("90m", 5400), ("2w", 1209600), ("30", 30), ("0", 0)])
def test_an_age_is_a_sum_of_units_or_seconds(text: str, seconds: int) -> None:
    assert parse_age(text, "max_age") == seconds


@pytest.mark.parametrize("text", ["a day", "-1h", "1h!", "h", "", "1.5h", "1 h"])
def test_an_age_that_is_not_valid_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(ToolError, match=r"backup_max_age is .*, which is not a valid age") as caught:
        parse_age(text, "backup_max_age")
    assert caught.value.details == {"error": "invalid"}
