# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Copying: which snapshots a repository lacks, whatever ids its copies have."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic.copy import choose, diff, find_missing, transfer
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers, listing, snapshot

SOURCE = [snapshot(1), snapshot(2), snapshot(3, tags=["a", "b"], excludes=["*.log"])]


def copy_of(day: int, **more: t.Any) -> t.Any:
    """A copy with an id of its own."""
    return snapshot(day, **{"id": f"c{day}" * 32, "original": f"{day:02}" * 32, **more})


@pytest.mark.parametrize(
    ("source", "destination", "lacking"),
    [
        (SOURCE, [], ["01", "02", "03"]),
        (SOURCE, [copy_of(1)], ["02", "03"]),
        (SOURCE, [copy_of(1), copy_of(2), copy_of(3, tags=["b", "a"], excludes=["*.log"])], []),
        # The same repository, copied file by file.
        (SOURCE, SOURCE, []),
        # Back to where they came from, and from copy to copy.
        ([copy_of(1)], [snapshot(1)], []),
        ([copy_of(1)], [snapshot(1, id="d1" * 32, original="01" * 32)], []),
        ([snapshot(1)], [snapshot(1, id="d1" * 32)], ["01"]),
        # Another snapshot that has the same original.
        ([snapshot(1, tags=["new"])], [copy_of(1)], ["01"]),
        ([snapshot(1)], [copy_of(1, tree="5ef2")], ["01"]),
        ([snapshot(3, excludes=["*.tmp"])], [copy_of(3, excludes=["*.log"])], ["03"]),
    ],
)
def test_what_is_lacking(source: list[t.Any], destination: list[t.Any], lacking: list[str]) -> None:
    assert [one.id[:2] for one in find_missing(source, destination)] == lacking


def test_snapshots_are_chosen_by_the_beginning_of_their_ids() -> None:
    assert [one.id[:2] for one in choose(SOURCE, ["0101", "03"], "here")] == ["01", "03"]
    assert choose(SOURCE, [], "here") == SOURCE


@pytest.mark.parametrize(("name", "what"), [("ff", "no snapshots"), ("0", "3 snapshots"), ("", "no snapshots")])
def test_an_id_that_names_none_or_several_is_refused(name: str, what: str) -> None:
    with pytest.raises(ResticError, match=f"/srv/first has {what} whose id begins with") as caught:
        choose(SOURCE, [name], "/srv/first")
    assert caught.value.error == "no_snapshot"


def test_a_diff_shows_what_is_added() -> None:
    shown = diff(SOURCE[:2], SOURCE[1:2])
    assert shown["before"].splitlines() == ["01010101 2026-10-01T03:00:00 moodle /srv/data"]
    assert len(shown["after"].splitlines()) == 2


FULL = Result(1, "", "Fatal: write: no space left on device")
GONE = Result(1, "", "dial tcp: connection refused")


BROKEN = Result(1, "", "Fatal: tree 4de1 not found in repository")
LOCKED = Result(11, "", "repository is already locked by PID 7 on host by root")


@pytest.mark.parametrize(
    ("answers", "error", "copied", "changed"),
    [
        (["", "", listing(1)], "not_copied", ["01"], True),
        (["", "", listing()], "not_copied", [], False),
        (["", FULL, listing(1)], "disk_full", ["01"], True),
        ([FULL, listing()], "disk_full", [], False),
        ([LOCKED], "locked", None, False),
        (["", LOCKED, listing(1)], "locked", ["01"], True),
        # The connection is lost: what cannot be known counts as a change.
        ([GONE, GONE], "unreachable", None, True),
        # A damaged one keeps no other from being copied.
        ([BROKEN, "", listing(2)], "failed", ["02"], True),
    ],
)
def test_a_copy_that_stops_reports_what_is_there(answers: list[str | Result], error: str, copied: list[str] | None, changed: bool) -> None:
    fake = Answers(*answers)
    with pytest.raises(ResticError) as caught:
        transfer(fake.restic, fake.restic, [snapshot(1), snapshot(2)])
    details = caught.value.details
    assert (details["error"], details.get("changed", False)) == (error, changed)
    assert (None if copied is None else [one["id"][:2] for one in details["copied"]]) == copied


def test_a_complete_copy_is_listed_once() -> None:
    fake = Answers("", "", listing(1, 2))
    transfer(fake.restic, fake.restic, [snapshot(1), snapshot(2)])
    assert [words[0] for words in fake.commands] == ["copy", "copy", "--json"]
