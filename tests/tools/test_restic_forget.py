# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_forget with real restic: exactly the planned snapshots go, and no mistake in a policy makes all of them go."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._plan import parse_plan
from ansible_collections.campus.moodle.plugins.module_utils._restic._policy import COUNTS, PERIODS, kept_by, policy_options
from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import PARTIAL, Filter, parse_snapshots
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


def data_size(repository: Filled) -> int:
    """The size of all packs."""
    assert repository.folder
    return sum(path.stat().st_size for path in (repository.folder / "data").rglob("*") if path.is_file())


@pytest.fixture
def more(repository: Filled, tmp_path: pathlib.Path) -> Filled:
    """The same with an older snapshot that has a megabyte of its own."""
    (tmp_path / "large").write_bytes(os.urandom(1 << 20))
    repository.restic("backup", "--quiet", "--host=moodle", "--time=2026-09-01 03:00:00", str(tmp_path / "large"))
    return repository


def test_a_prune_that_failed_is_finished_by_the_next_run(
    four_beats: t.Callable[..., FourBeats], run_module: ModuleRunner, more: Filled
) -> None:
    assert more.folder
    # restic repeats what fails for minutes.
    asked = more.options(keep={"last": "1"}, group_by=["host"], filter=MOODLE, prune=True, timeout=8)
    before = data_size(more)
    with faults.read_only(more.folder / "index"):
        failed = run_module("restic_forget", asked)
        assert (failed["failed"], failed["changed"], len(failed["removed"])) == (True, True, 3)
        assert failed["error"] in ("failed", "timed_out")
        assert "3 snapshots were removed, but their data was not. The next run with prune continues." in failed["msg"]
        again = run_module("restic_forget", asked)
        assert (again["failed"], again["changed"], again["removed"]) == (True, True, [])
        assert "Unused data was not removed. The next run with prune continues." in again["msg"]
    assert (more.days("moodle"), data_size(more) >= before) == ([3], True)
    beats = four_beats("restic_forget", asked)
    assert (beats.check["changed"], beats.check["pruned"], beats.check["removed"]) == (True, True, [])
    assert "unused data" in beats.do["diff"]["before"]
    assert (beats.do["pruned"], beats.do_again["pruned"]) == (True, False)
    assert data_size(more) < before - 900_000
    assert more.locks() == []
    more.restic("check")


def test_what_was_removed_without_prune_is_pruned_by_a_later_run_with_it(
    four_beats: t.Callable[..., FourBeats], run_module: ModuleRunner, more: Filled
) -> None:
    asked = more.options(keep={"last": "1"}, group_by=["host"], filter=MOODLE)
    before = data_size(more)
    assert run_module("restic_forget", asked)["pruned"] is False
    assert run_module("restic_forget", asked)["changed"] is False
    beats = four_beats("restic_forget", {**asked, "prune": True})
    assert (beats.do["changed"], beats.do["pruned"], beats.do["removed"]) == (True, True, [])
    assert data_size(more) < before - 900_000


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


def test_partial_snapshots_push_no_good_one_out_and_go_with_the_next_good_one(
    four_beats: t.Callable[..., FourBeats], run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path
) -> None:
    def backup(day: int, *words: str) -> None:
        repository.restic("backup", "--quiet", "--host=moodle", f"--time=2026-10-{day:02} 03:00:00", *words, str(repository.source))

    for day in (4, 5, 6):
        backup(day, f"--tag=daily,{PARTIAL}")
    asked = repository.options(keep={"last": "2"}, filter=MOODLE)
    beats = four_beats("restic_forget", asked)
    assert [row["time"][8:10] for row in beats.check["removed"]] == ["01"]
    assert repository.days("moodle") == [2, 3, 4, 5, 6]
    target = tmp_path / "target"
    restored = run_module("restic_restore", repository.options(filter=MOODLE, target=str(target)))
    assert restored["snapshot"]["time"].startswith("2026-10-03")
    named = beats.do["kept"][-1]["id"]
    by_id = run_module("restic_restore", repository.options(snapshot=named, target=f"{target}-2"))
    assert "was refused as partial" in str(by_id["warnings"])
    backup(7)
    backup(8, f"--tag={PARTIAL}")
    beats = four_beats("restic_forget", {**asked, "max_remove_percent": 34})
    assert repository.days("moodle") == [3, 7, 8]
    assert beats.do["diff"]["before"].count("partial, and a good snapshot is newer") == 3


def test_the_rules_keep_what_restic_keeps(repository: Filled) -> None:
    # Ours count when a group has partial snapshots; without any both have to say the same.
    # The first two share an hour, so that the oldest of all is never the newest of its period.
    times = ("2023-12-31 23:10", "2023-12-31 23:30", "2024-02-29 10:00", "2025-12-29 01:00", "2026-01-01 00:10", "2026-08-31 05:00")
    for time in (*times, "2026-09-30 05:00", "2026-09-30 05:20", "2026-10-02 22:00"):
        repository.restic("backup", "--quiet", "--host=moodle", f"--time={time}:00", str(repository.source / "notes"))
    snapshots = Filter(**MOODLE).select(parse_snapshots(repository.snapshots()))
    now = datetime.datetime.now(datetime.timezone.utc)
    counts = [{name: str(number)} for name in COUNTS for number in (1, 2, 3, 5, 99)]
    spans = [{name: span} for name in PERIODS for span in ("2d4h", "1m3d", "1y1m", "3y")]
    for keep in ({"last": "1", "daily": "2", "tags": ["before-upgrade"]}, *counts, *spans):
        policy = policy_options(keep)
        plan = parse_plan(repository.restic("forget", "--dry-run", "--json", "--no-lock", "--host=moodle", "--group-by=", *policy).stdout)
        ours = kept_by(policy, snapshots, now)
        if repository.old:
            # Before 0.16 restic does not keep the oldest in addition.
            ours = {name: [reason for reason in why if not reason.startswith("oldest")] for name, why in ours.items()}
        assert {one.snapshot.id: sorted(one.reasons) for one in plan.kept} == {name: sorted(why) for name, why in ours.items() if why}, keep


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
    assert (refused["failed"], refused["changed"], refused["error"], refused["lock"]["pid"]) == (True, False, "locked", pid)
    # Nothing is left to prune either.
    assert run_module("restic_forget", repository.options(keep={"last": "9"}, prune=True), check=True)["changed"] is False
    assert repository.count() == len(HISTORY)


def test_a_server_that_only_appends_refuses_in_a_clear_sentence(
    run_module: ModuleRunner, repository: Filled, rest_server: t.Callable[..., Place], tmp_path: pathlib.Path
) -> None:
    server = rest_server(append_only=True, data=tmp_path)
    there = dataclasses.replace(repository, url=f"rest:{server.url}repository", folder=None)
    # Old versions ask again for most of a minute.
    result = run_module("restic_forget", there.options(keep={"last": "1"}, filter=MOODLE, timeout=10))
    assert (result["failed"], result["changed"], result["error"], result["removed"]) == (True, False, "append_only", [])
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
        assert result["error"] == "unsupported_option"
        assert "needs restic 0.16.0 or newer, and this host has restic 0.14.0" in result["msg"]


def test_the_examples_work_and_show_no_secret(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], restics: list[t.Any], tmp_path: pathlib.Path
) -> None:
    repository = filled_repository(restics[-1], tmp_path)
    done = run_play(examples_of("restic_forget"), variables=repository.for_examples(), environ=repository.first_on_path())
    assert done.rc == 0, done.output
    assert [result["changed"] for result in done.results] == [False, False]
    assert not repository.canaries(done.output)
