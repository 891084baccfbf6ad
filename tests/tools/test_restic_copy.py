# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_copy with real restic: what is missing is copied once, whatever the ids are on the other side."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_content import Filled, filled_repository
from support.restic_faults import Repository
from support.storage import S3, Place


@pytest.fixture
def source(restic: t.Any, tmp_path: pathlib.Path) -> Filled:
    """A repository with a history."""
    return filled_repository(restic, tmp_path)


@pytest.fixture
def destination(restic: t.Any, tmp_path: pathlib.Path) -> Repository:
    """An empty repository."""
    return faults.local_repository(restic, tmp_path / "second").created()


def options(source: Repository, destination: Repository, **more: t.Any) -> dict[str, t.Any]:
    """The options of the module."""
    return destination.options(**{"from_repository": source.url, "from_password": source.password, **more})


def test_what_a_filter_selects_is_copied_once(
    four_beats: t.Callable[..., FourBeats], run_module: ModuleRunner, source: Filled, destination: Repository
) -> None:
    beats = four_beats("restic_copy", options(source, destination, filter={"hosts": ["moodle"], "tags": ["daily"]}))
    assert [row["time"][:10] for row in beats.check["copied"]] == ["2026-10-01", "2026-10-02", "2026-10-03"]
    assert (beats.do["num_present"], beats.do_again["num_present"]) == (0, 3)
    assert {row["original"] for row in destination.snapshots()} == {row["id"] for row in beats.do["copied"]}
    # Back again: they have other ids now, and are still the same.
    back = run_module("restic_copy", options(destination, source), check=True)
    assert (back["failed"], back["changed"]) == (False, False)
    # With other tags it is another snapshot, of the same original.
    source.restic("tag", "--quiet", "--add=checked", beats.do["copied"][0]["id"])
    tagged = run_module("restic_copy", options(source, destination, filter={"tags": ["checked"]}))
    assert ([row["tags"] for row in tagged["copied"]], len(destination.snapshots())) == ([["daily", "checked"]], 4)


def test_only_the_named_snapshots_are_copied_and_a_typo_is_an_error(
    run_module: ModuleRunner, source: Filled, destination: Repository
) -> None:
    other = next(row["id"] for row in source.snapshots() if row["hostname"] == "other")
    typo = run_module("restic_copy", options(source, destination, snapshots=[other[:8], "zzzz"]))
    assert (typo["failed"], typo["error"]) == (True, "no_snapshot")
    done = run_module("restic_copy", options(source, destination, snapshots=[other[:8]]))
    assert [row["id"] for row in done["copied"]] == [other]


def test_a_closed_side_is_named(run_module: ModuleRunner, source: Filled, destination: Repository, tmp_path: pathlib.Path) -> None:
    wrong = run_module("restic_copy", options(source, destination, from_password="not-this-one"))
    assert (wrong["error"], source.url in wrong["msg"]) == ("wrong_password", True)
    missing = dataclasses.replace(destination, url=f"{tmp_path}/third")
    none = run_module("restic_copy", options(source, missing))
    assert (none["error"], missing.url in none["msg"]) == ("no_repository", True)
    away = faults.unreachable(destination)
    gone = run_module("restic_copy", options(source, away, timeout=5))
    assert (gone["error"], away.url in gone["msg"]) == ("unreachable", True)
    with faults.held_lock(destination, tmp_path, exclusive=True) as pid:
        locked = run_module("restic_copy", options(source, destination))
    assert (locked["changed"], locked["error"], locked["lock"]["pid"]) == (False, "locked", pid)
    assert destination.snapshots() == []


def test_a_copy_that_stops_half_way_tells_what_was_copied(
    run_module: ModuleRunner, source: Filled, restic: t.Any, small_disk: t.Callable[[int], pathlib.Path], tmp_path: pathlib.Path
) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(12 << 20))
    source.restic("backup", "--quiet", "--host=large", str(large))
    small = faults.local_repository(restic, small_disk(6))
    small.cache = tmp_path / "cache-of-the-small-one"
    small = small.created()
    # Old versions try again for minutes.
    result = run_module("restic_copy", options(source, small, timeout=20))
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "disk_full"), result
    assert {row["host"] for row in result["copied"]} == {"moodle", "other"}
    assert "restic copied 4 of 5 snapshots" in result["msg"]
    assert len(small.snapshots()) == 4


def test_a_damaged_snapshot_keeps_no_other_from_being_copied(
    run_module: ModuleRunner, source: Filled, destination: Repository, tmp_path: pathlib.Path
) -> None:
    packs = pathlib.Path(source.url, "data")
    intact = set(packs.rglob("*"))
    lost, late = tmp_path / "lost", tmp_path / "late"
    lost.write_bytes(os.urandom(1 << 20))
    late.write_text("later", encoding="utf-8")
    source.restic("backup", "--quiet", "--host=damaged", str(lost))
    for pack in set(packs.rglob("*")) - intact:
        if pack.is_file():
            pack.unlink()
    source.restic("backup", "--quiet", "--force", "--host=late", str(late))
    result = run_module("restic_copy", options(source, destination))
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "failed"), result
    assert {row["host"] for row in result["copied"]} == {"moodle", "other", "late"}
    assert "restic copied 5 of 6 snapshots" in result["msg"]


def test_a_second_place_may_be_one_that_only_appends(
    run_module: ModuleRunner, source: Filled, destination: Repository, rest_server: t.Callable[..., Place], tmp_path: pathlib.Path
) -> None:
    server = rest_server(append_only=True, data=tmp_path / "second")
    there = dataclasses.replace(destination, url=f"rest:{server.url}repository", folder=None)
    result = run_module("restic_copy", options(source, there))
    assert (result["failed"], result["changed"], len(there.snapshots())) == (False, True, 4)


def test_the_examples_work_with_a_bucket_and_show_no_secret(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], restics: list[t.Any], s3: S3, tmp_path: pathlib.Path
) -> None:
    source = filled_repository(restics[-1], tmp_path)
    bucket = f"s3:{s3.bucket('second-copy')}"
    second = Repository(source.binary, source.version, bucket, tmp_path / "second-cache", environ=s3.environ).created()
    variables = dataclasses.replace(source, environ=s3.environ).for_examples()
    done = run_play(
        examples_of("restic_copy"),
        variables={**variables, "second_repository": second.url, "second_password": second.password},
        environ=source.first_on_path(),
    )
    assert done.rc == 0, done.output
    assert (done.results[0]["changed"], len(second.snapshots())) == (True, 3)
    for secret in (source.password, second.password, s3.secret_key):
        assert secret not in done.output
