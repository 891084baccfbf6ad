# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_forget with real restic: exactly the planned snapshots go, and no mistake in a policy makes all of them go."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_content import HISTORY, Filled, filled_repository
from support.storage import Place

MOODLE = {"hosts": ["moodle"]}


@pytest.fixture
def repository(restic: t.Any, tmp_path: pathlib.Path) -> Filled:
    """A repository with a history."""
    return filled_repository(restic, tmp_path)


def test_a_policy_is_reached_once_and_its_plan_is_what_happens(four_beats: t.Callable[..., FourBeats], repository: Filled) -> None:
    beats = four_beats("restic_forget", repository.options(keep={"last": "1", "tags": ["before-upgrade"]}, filter=MOODLE, prune=True))
    assert [row["time"][:10] for row in beats.check["removed"]] == ["2026-10-01"]
    assert beats.check["removed"] == beats.do["removed"]
    assert [row["reasons"] for row in beats.do["kept"]] == [["has tags [before-upgrade]"], ["last snapshot"]]
    assert "2026-10-01T03:00:00 moodle" in beats.do["diff"]["before"]
    assert "no rule keeps it" not in beats.do["diff"]["after"]
    assert (beats.do["pruned"], beats.do_again["pruned"]) == (True, False)
    assert (repository.days("moodle"), repository.days("other")) == ([2, 3], [3])
    assert repository.locks() == []
    repository.restic("check")


def test_a_policy_beyond_its_limits_removes_nothing(run_module: ModuleRunner, repository: Filled) -> None:
    # What fails without asking restic is in the unit tests.
    refused: list[tuple[str, dict[str, t.Any]]] = [
        ("would_remove_all", {"keep": {"tags": ["befor-upgrade"]}}),
        ("min_remaining", {"keep": {"last": "1"}, "filter": MOODLE, "min_remaining": 2}),
        ("max_remove_percent", {"keep": {"last": "1"}, "filter": MOODLE, "max_remove_percent": 50}),
        ("no_policy", {"keep": {"daily": "0", "tags": []}}),
        ("invalid", {"allow_remove_all": True}),
    ]
    for error, options in refused:
        result = run_module("restic_forget", repository.options(**options))
        assert (result["failed"], result["error"]) == (True, error), result["msg"]
    assert repository.count() == len(HISTORY)


def test_everything_of_a_filter_goes_only_on_purpose(four_beats: t.Callable[..., FourBeats], repository: Filled) -> None:
    beats = four_beats("restic_forget", repository.options(allow_remove_all=True, filter=MOODLE))
    assert len(beats.do["removed"]) == 3
    assert (repository.days("moodle"), repository.days("other")) == ([], [3])


def test_a_snapshot_from_the_future_stops_a_policy(run_module: ModuleRunner, repository: Filled) -> None:
    repository.restic("backup", "--quiet", "--host=moodle", "--time=2037-01-01 00:00:00", str(repository.source))
    options = repository.options(keep={"last": "1"}, filter=MOODLE)
    refused = run_module("restic_forget", options)
    assert (refused["failed"], refused["error"]) == (True, "future_snapshot")
    assert "2037-01-01" in refused["msg"]
    warned = run_module("restic_forget", {**options, "detect_future_snapshots": "warn"}, check=True)
    assert "2037-01-01" in str(warned["warnings"])
    # What the warning is about: the three true snapshots would go.
    assert len(warned["removed"]) == 3
    assert repository.count() == len(HISTORY) + 1


def test_a_running_backup_does_not_disturb_a_plan_and_stops_a_removal(
    run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path
) -> None:
    with faults.held_lock(repository, tmp_path) as pid:
        unchanged = run_module("restic_forget", repository.options(keep={"last": "9"}))
        planned = run_module("restic_forget", repository.options(keep={"last": "1"}), check=True)
        refused = run_module("restic_forget", repository.options(keep={"last": "1"}))
    assert (unchanged["failed"], unchanged["changed"]) == (False, False)
    assert (planned["failed"], planned["changed"]) == (False, True)
    assert (refused["failed"], refused["error"], refused["lock"]["pid"]) == (True, "locked", pid)
    assert repository.count() == len(HISTORY)


def test_a_server_that_only_appends_refuses_in_a_clear_sentence(
    run_module: ModuleRunner, repository: Filled, rest_server: t.Callable[..., Place], tmp_path: pathlib.Path
) -> None:
    server = rest_server(append_only=True, data=tmp_path)
    there = dataclasses.replace(repository, url=f"rest:{server.url}repository", folder=None)
    # Old versions ask again for most of a minute.
    result = run_module("restic_forget", there.options(keep={"last": "1"}, filter=MOODLE, timeout=10))
    assert (result["failed"], result["error"], result["removed"]) == (True, "append_only", [])
    assert "could not be removed from rest:http" in result["msg"]
    assert "append-only" in result["msg"]
    assert repository.count() == len(HISTORY)


def test_a_repository_that_cannot_be_opened_is_named(run_module: ModuleRunner, repository: Filled) -> None:
    wrong = run_module("restic_forget", repository.options(keep={"last": "1"}, password="not-this-one"))
    assert (wrong["failed"], wrong["error"]) == (True, "wrong_password")
    away = faults.unreachable(repository)
    gone = run_module("restic_forget", away.options(keep={"last": "1"}, timeout=4))
    assert (gone["failed"], gone["error"]) == (True, "unreachable")
    assert away.url in gone["msg"]


def test_an_option_that_this_restic_lacks_is_refused_with_both_versions(run_module: ModuleRunner, repository: Filled) -> None:
    result = run_module("restic_forget", repository.options(keep={"daily": "unlimited"}), check=True)
    assert result["failed"] == repository.old
    if repository.old:
        assert "needs restic 0.16.0 or newer, and this host has restic 0.14.0" in result["msg"]


def test_the_examples_work_and_show_no_secret(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], restics: list[t.Any], tmp_path: pathlib.Path
) -> None:
    repository = filled_repository(restics[-1], tmp_path)
    done = run_play(examples_of("restic_forget"), variables=repository.for_examples(), environ=repository.first_on_path())
    assert done.rc == 0, done.output
    assert [result["changed"] for result in done.results] == [False, False]
    assert not repository.canaries(done.output)
