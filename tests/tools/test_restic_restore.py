# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_restore with real restic: what is restored is what was there, and whatever is not is never passed off as restored."""

from __future__ import annotations

import hashlib
import os
import pathlib
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_content import FILES, Filled, files_in, filled_repository

NEWEST = {"hosts": ["moodle"]}


@pytest.fixture
def repository(restic: t.Any, tmp_path: pathlib.Path) -> Filled:
    """A repository with a history."""
    return filled_repository(restic, tmp_path)


@pytest.fixture
def current(restics: list[t.Any], tmp_path: pathlib.Path) -> Filled:
    """The same with a current restic, for options that older ones do not have."""
    return filled_repository(restics[-1], tmp_path)


def inside(target: pathlib.Path, repository: Filled) -> pathlib.Path:
    """Where the content of a whole snapshot is in a target."""
    return target / str(repository.source).lstrip("/")


def test_a_snapshot_is_restored_once_with_everything_in_it(
    four_beats: t.Callable[..., FourBeats], repository: Filled, tmp_path: pathlib.Path
) -> None:
    notes = hashlib.sha256((repository.source / "notes").read_bytes()).hexdigest()
    folder = str(repository.source)
    wanted = {"paths": [f"{folder}/link"], "min_files": 4, "min_bytes": 900_000, "sha256": {f"{folder}/notes": notes}, "command": ["ls"]}
    target = tmp_path / "target"
    beats = four_beats("restic_restore", repository.options(filter=NEWEST, target=str(target), verify=True, assert_that=wanted))
    assert files_in(inside(target, repository)) == FILES
    assert (inside(target, repository) / "link").readlink() == pathlib.Path("notes")
    assert beats.do["snapshot"]["time"].startswith("2026-10-03")
    assert beats.do["snapshot"]["host"] == "moodle"
    assert (beats.check["entries"], beats.do["bytes"]) == (beats.do["entries"], sum(FILES.values()))
    assert beats.do["rto_seconds"] > 0
    assert beats.do["rpo_seconds"] > 24 * 3600


def test_a_target_with_other_content_is_refused(run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "target"
    options = repository.options(target=str(target))
    assert not run_module("restic_restore", options)["failed"]
    precious = inside(target, repository) / "notes"
    precious.write_text("written since", encoding="utf-8")
    for check in (True, False):
        result = run_module("restic_restore", options, check=check)
        assert (result["failed"], result["error"]) == (True, "target_not_empty")
        assert "missing: 0, different: 1" in result["msg"]
    assert precious.read_text(encoding="utf-8") == "written since"
    root = run_module("restic_restore", repository.options(target="/"))
    assert (root["failed"], root["error"]) == (True, "dangerous_target")


def test_what_was_asked_for_must_be_in_the_snapshot(run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "target"
    nothing = run_module("restic_restore", repository.options(target=str(target), include=["/no/such/file"]))
    assert (nothing["failed"], nothing["error"]) == (True, "nothing_restored")
    part = run_module("restic_restore", repository.options(target=str(target / "part"), include=["notes"]))
    assert (part["failed"], files_in(inside(target / "part", repository))) == (False, {"notes": 6})
    failed = run_module(
        "restic_restore", repository.options(target=str(target / "whole"), assert_that={"paths": ["lost"], "min_files": 99})
    )
    assert (failed["error"], failed["failed_assertions"][0]) == ("assertion_failed", "lost is missing.")
    # The files are there all the same.
    assert (nothing["changed"], failed["changed"], files_in(inside(target / "whole", repository))) == (False, True, FILES)
    assert len(failed["failed_assertions"]) == 2


def test_a_rehearsal_leaves_nothing_behind_whatever_happens(run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path) -> None:
    place = tmp_path / "rehearsals"
    place.mkdir()
    options = repository.options(drill=True, drill_directory=str(place), verify=True)
    planned = run_module("restic_restore", {**options, "assert_that": {"min_files": 4}}, check=True)
    good = run_module("restic_restore", {**options, "assert_that": {"min_files": 4}})
    bad = run_module("restic_restore", {**options, "assert_that": {"min_files": 5}})
    for result in (planned, good):
        assert (result["failed"], result["changed"], result["bytes"]) == (False, False, sum(FILES.values()))
    assert good["rto_seconds"] > 0
    assert "rto_seconds" not in planned
    assert (bad["failed"], bad["changed"], bad["error"]) == (True, False, "assertion_failed")
    # The largest file is lost. Old versions ask again for most of a minute.
    repository.largest_pack().unlink()
    lost = run_module("restic_restore", {**options, "timeout": 15})
    assert (lost["failed"], lost["changed"], lost["error"]) == (True, False, "damaged")
    assert list(place.iterdir()) == []


def test_a_damaged_repository_is_told_from_other_failures_with_what_was_restored(
    run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path
) -> None:
    pack = repository.largest_pack()
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    target = tmp_path / "target"
    result = run_module("restic_restore", repository.options(target=str(target)))
    assert (result["failed"], result["changed"], result["error"], result["num_failed"]) == (True, True, "damaged", 1)
    assert result["failed_paths"][0].startswith(f"{repository.source}/filedir/")
    good = {name for name in FILES if f"{repository.source}/{name}" not in result["failed_paths"]}
    assert good <= set(files_in(inside(target, repository)))
    assert result["bytes"] == sum(FILES[name] for name in good)
    assert "Check it with restic_check" in result["msg"]


def test_a_cut_pack_is_damage_too(run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path) -> None:
    pack = repository.largest_pack()
    pack.write_bytes(pack.read_bytes()[:200_000])
    # Old versions ask again for most of a minute.
    result = run_module("restic_restore", repository.options(target=str(tmp_path / "target"), timeout=15))
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "damaged"), result
    assert result["bytes"] < sum(FILES.values())


def test_a_full_disk_is_named_and_a_rehearsal_does_not_fill_it(
    run_module: ModuleRunner, repository: Filled, small_disk: t.Callable[[int], pathlib.Path]
) -> None:
    disk = small_disk(1)
    (disk / "ballast").write_bytes(bytes(400_000))
    drill = run_module("restic_restore", repository.options(drill=True, drill_directory=str(disk)))
    assert (drill["failed"], drill["error"], drill["needed_bytes"]) == (True, "disk_full", sum(FILES.values()))
    assert [path.name for path in disk.iterdir()] == ["ballast"]
    full = run_module("restic_restore", repository.options(target=str(disk / "target")))
    assert (full["failed"], full["changed"], full["error"]) == (True, True, "disk_full")
    assert full["num_failed"] >= 1
    assert full["bytes"] < sum(FILES.values())
    assert "no space left on device" in full["msg"]


def test_existing_files_are_treated_as_asked_for(
    four_beats: t.Callable[..., FourBeats], run_module: ModuleRunner, current: Filled, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "target"
    options = current.options(snapshot=f"latest:{current.source}", target=str(target))
    assert not run_module("restic_restore", options)["failed"]
    assert files_in(target) == FILES
    (target / "notes").write_text("written since", encoding="utf-8")
    (target / "more").write_text("more", encoding="utf-8")
    assert not run_module("restic_restore", {**options, "overwrite": "never"})["changed"]
    unconfirmed = run_module("restic_restore", {**options, "overwrite": "always", "delete": True, "confirm_delete": f"{target}-2"})
    assert (unconfirmed["failed"], unconfirmed["error"]) == (True, "not_confirmed")
    assert (target / "more").exists()
    beats = four_beats("restic_restore", {**options, "overwrite": "if-changed", "delete": True, "confirm_delete": str(target)})
    assert (beats.check["different"], beats.check["superfluous"]) == (["/notes"], ["/more"])
    assert files_in(target) == FILES
    # The same size and time: only a comparison of the content finds it.
    before = (target / "notes").stat()
    (target / "notes").write_text("nothes", encoding="utf-8")
    os.utime(target / "notes", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not run_module("restic_restore", {**options, "overwrite": "if-changed"})["changed"]
    assert run_module("restic_restore", {**options, "overwrite": "always"})["different"] == ["/notes"]
    elsewhere = run_module("restic_restore", {**options, "snapshot": "latest:/no/such/place", "target": f"{target}-2"})
    assert (elsewhere["failed"], elsewhere["error"]) == (True, "no_path")


def test_a_repository_that_cannot_be_opened_is_named(run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path) -> None:
    target = {"target": str(tmp_path / "target")}
    with faults.held_lock(repository, tmp_path, exclusive=True) as pid:
        locked = run_module("restic_restore", repository.options(**target))
    assert (locked["failed"], locked["changed"], locked["error"], locked["lock"]["pid"]) == (True, False, "locked", pid)
    wrong = run_module("restic_restore", repository.options(password="not-this-one", **target))
    assert (wrong["failed"], wrong["error"]) == (True, "wrong_password")
    gone = run_module("restic_restore", faults.unreachable(repository).options(timeout=4, **target))
    assert (gone["failed"], gone["error"]) == (True, "unreachable")
    none = run_module("restic_restore", repository.options(snapshot="zzzz", **target))
    assert (none["failed"], none["error"]) == (True, "no_snapshot")
    assert not (tmp_path / "target").exists()


def test_an_option_that_this_restic_lacks_is_refused_with_both_versions(
    run_module: ModuleRunner, restics: list[t.Any], tmp_path: pathlib.Path
) -> None:
    old = filled_repository(restics[0], tmp_path)
    for more in ({"overwrite": "always"}, {"snapshot": f"latest:{old.source}"}):
        result = run_module("restic_restore", old.options(target=str(tmp_path / "target"), **more))
        assert (result["failed"], result["error"], result["found_version"]) == (True, "unsupported_option", "0.14.0")


def test_the_examples_work_and_show_no_secret(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], current: Filled, tmp_path: pathlib.Path
) -> None:
    moodledata = tmp_path / "copy-of-moodledata"
    folders = {"restore_target": str(tmp_path / "target"), "drill_directory": str(tmp_path), "moodledata": str(current.source)}
    examples = examples_of("restic_restore")
    # The real directory is what all tests share.
    examples[2]["campus.moodle.restic_restore"] |= {"target": str(moodledata), "confirm_delete": str(moodledata)}
    done = run_play(examples, variables={**current.for_examples(), **folders}, environ=current.first_on_path())
    assert done.rc == 0, done.output
    assert [result["changed"] for result in done.results] == [True, False, True]
    assert files_in(moodledata) == FILES
    assert not current.canaries(done.output)


def test_no_failure_shows_a_secret(run_play: PlayRunner, current: Filled, tmp_path: pathlib.Path) -> None:
    secrets = {"address": f"{current.password}-address", "key": f"{current.password}-key", "other": f"{current.password}-other"}
    away = f"rest:http://moodle:{secrets['address']}@{faults.unreachable(current).url.split('/')[2]}/moodle"
    common = current.options(repository=away, environment={"AWS_SECRET_ACCESS_KEY": secrets["key"]}, timeout=1)
    options: dict[str, dict[str, t.Any]] = {
        "check": {},
        "copy": {"from_repository": away, "from_password": secrets["other"]},
        "forget": {"keep": {"last": 1}},
        "restore": {"target": str(tmp_path / "target")},
    }
    tasks = [{f"campus.moodle.restic_{name}": {**common, **more}, "ignore_errors": True} for name, more in options.items()]
    done = run_play(tasks)
    assert [result["failed"] for result in done.results] == [True] * len(tasks), done.output
    assert "moodle:********@" in done.output
    assert not current.canaries(done.output)
