# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Snapshots as data: filters, groups, and which of them prove a fresh backup."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import (
    PARTIAL,
    Filter,
    group_snapshots,
    is_stale,
    newest,
    parse_snapshots,
    partial_ids,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.info import describe, stale_sentence
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)


def row(identity: str, time: str, host: str = "web1", paths: t.Sequence[str] = ("/data",), tags: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """A snapshot as restic prints it; without tags the key is not there."""
    return {"id": identity, "time": time, "hostname": host, "paths": list(paths), "tree": "t", **({"tags": list(tags)} if tags else {})}


ROWS = [
    row("c" * 64, "2026-11-21T11:00:00.107350694Z", tags=["files"]),
    row("a" * 64, "2026-11-19T11:00:00Z", "web2", ["/data", "/etc"]),
    row("d" * 64, "2037-01-01T00:00:00+01:00", "web1"),
    row("b" * 64, "2026-11-20T13:00:00.1+02:00", "web2", ["/data", "/etc"], ["files", "old"]),
]
SNAPSHOTS = parse_snapshots(ROWS)


def test_a_time_that_is_not_valid_is_an_error() -> None:
    with pytest.raises(ToolError, match="a time that is not valid: 'yesterday'"):
        parse_snapshots([row("a" * 64, "yesterday")])


def test_snapshots_come_oldest_first_and_none_is_an_empty_list() -> None:
    assert [one.id[0] for one in SNAPSHOTS] == ["a", "b", "c", "d"]
    assert parse_snapshots([]) == []


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({}, "abcd"),
        ({"hosts": ["web2"]}, "ab"),
        ({"hosts": ["web1", "web2"], "tags": ["files"]}, "bc"),
        ({"tags": ["files", "old"]}, "b"),
        ({"paths": ["/data"]}, "abcd"),
        ({"paths": ["/data", "/etc"]}, "ab"),
        ({"hosts": ["web3"]}, ""),
    ],
)
def test_a_filter_means_any_host_all_tags_all_paths(given: dict[str, t.Any], ids: str) -> None:
    assert "".join(one.id[0] for one in Filter(**given).select(SNAPSHOTS)) == ids


def test_groups_have_the_named_properties_in_common() -> None:
    assert {key: len(group) for key, group in group_snapshots(SNAPSHOTS, ["host"]).items()} == {("web2",): 2, ("web1",): 2}
    assert len(group_snapshots(SNAPSHOTS, ["host", "tags"])) == 4
    assert [len(group) for group in group_snapshots(SNAPSHOTS, []).values()] == [4]


def test_a_snapshot_from_the_future_is_never_the_newest() -> None:
    found = newest(SNAPSHOTS, NOW)
    assert found is not None
    assert (found.id[0], int(found.age(NOW))) == ("c", 3599)
    assert newest(SNAPSHOTS[3:], NOW) is None


@pytest.mark.parametrize(("max_age", "stale"), [(None, False), (3600, False), (3599, True), (0, True)])
def test_too_old_is_stale(max_age: t.Optional[float], stale: bool) -> None:
    assert is_stale(SNAPSHOTS[2], max_age, NOW) is stale


def test_no_snapshot_is_stale_without_a_limit_too() -> None:
    assert is_stale(None, None, NOW)


def described(**changes: t.Any) -> dict[str, t.Any]:
    """The result for all snapshots."""
    options: dict[str, t.Any] = {"hosts": [], "group_by": ["host", "paths"], "latest": 0, "max_age": 86400.0, "now": NOW, **changes}
    return describe(options.pop("snapshots", SNAPSHOTS), **options)


def test_one_fresh_snapshot_is_enough_unless_hosts_are_named() -> None:
    assert (described()["stale"], described()["stale_hosts"]) == (False, [])
    named = described(hosts=["web1", "web2", "web3"])
    assert (named["stale"], named["stale_hosts"]) == (True, ["web2", "web3"])
    assert [(group["host"], group["stale"]) for group in described()["groups"]] == [("web2", True), ("web1", False)]


@pytest.mark.parametrize("group_by", [["host"], ["host", "tags"]])
def test_a_partial_snapshot_is_no_fresh_one_and_what_it_marks_neither(group_by: list[str]) -> None:
    mark = parse_snapshots([{**SNAPSHOTS[2].row, "id": "e" * 64, "original": SNAPSHOTS[2].id, "tags": [PARTIAL]}])
    result = described(snapshots=[*SNAPSHOTS[:3], *mark], hosts=["web1"], group_by=group_by)
    assert [one["partial"] for one in result["snapshots"]] == [False, False, True, True]
    assert (result["stale_hosts"], result["newest"]["id"][0]) == (["web1"], "b")
    assert {group["newest"] is None for group in result["groups"] if group["host"] == "web1"} == {True}
    assert "2 were refused as partial" in stale_sentence(result, "1d", "/srv/backup")


def test_a_copy_of_what_was_marked_later_is_partial_in_the_other_repository() -> None:
    source = row("s" * 64, "2026-11-20T11:00:00Z")
    mark = {**source, "id": "m" * 64, "original": "s" * 64, "tags": [PARTIAL]}
    copies = [{**source, "id": "c" * 64, "original": "s" * 64}, {**mark, "id": "k" * 64}]
    other = row("g" * 64, "2026-11-19T11:00:00Z")
    found = parse_snapshots([other, {**other, "id": "o" * 64, "original": "f" * 64}, *copies])
    assert [one.id[0] for one in found if one.id in partial_ids(found)] == ["c", "k"]


def test_latest_counts_in_each_group() -> None:
    assert [one["id"][0] for one in described(latest=1)["snapshots"]] == ["b", "d"]
    assert described(latest=1)["total"] == 4


def test_the_future_is_marked() -> None:
    assert [one["future"] for one in described()["snapshots"]] == [False, False, False, True]
    assert described()["snapshots"][3]["age_seconds"] < 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"snapshots": []}, r"has no snapshot that is younger than 1d among the 0 that were selected\. There is none\."),
        ({"hosts": ["web2"]}, r"has no snapshot of web2 that is younger than 1d among .* \(1\.0 hours old\)"),
    ],
)
def test_the_sentence_says_what_is_missing(changes: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(ToolError, match=sentence):
        raise ToolError(stale_sentence(described(**changes), "1d", "/srv/backup"))
