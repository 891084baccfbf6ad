# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_check with real restic: a good repository passes, a damaged one never does, and a closed one is none of both."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_content import Filled, filled_repository


@pytest.fixture
def repository(restic: t.Any, tmp_path: pathlib.Path) -> Filled:
    """A repository with a history."""
    return filled_repository(restic, tmp_path)


def test_a_good_repository_passes_and_is_never_changed(four_beats: t.Callable[..., FourBeats], repository: Filled) -> None:
    beats = four_beats("restic_check", repository.options(level="subset", rotate=12))
    for result in beats:
        assert (result["changed"], result["num_errors"], result["broken_packs"], result["errors"]) == (False, 0, [], [])
        assert result["subset"].endswith("/12")
    assert repository.locks() == []


def test_all_of_the_data_is_read_when_asked_for(run_module: ModuleRunner, repository: Filled) -> None:
    pack = repository.largest_pack()
    # The same size, so that only reading finds it.
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    assert not run_module("restic_check", repository.options())["failed"]
    result = run_module("restic_check", repository.options(level="full"))
    assert (result["failed"], result["error"], result["subset"]) == (True, "damaged", "all")
    assert pack.name in result["broken_packs"]


def test_a_cut_and_a_lost_pack_are_found_without_reading(run_module: ModuleRunner, repository: Filled) -> None:
    pack = repository.largest_pack()
    pack.write_bytes(pack.read_bytes()[:200_000])
    cut = run_module("restic_check", repository.options())
    pack.unlink()
    lost = run_module("restic_check", repository.options())
    for result in (cut, lost):
        assert (result["failed"], result["error"], result["num_errors"]) == (True, "damaged", 1)
        assert result["broken_packs"] == [pack.name]
        assert pack.name in result["msg"]
    assert "unexpected file size" in cut["errors"][0]
    assert "does not exist" in lost["errors"][0]
    if not repository.old:
        assert cut["suggestions"] == [f"restic repair packs {pack.name}", "restic repair snapshots --forget"]


def test_a_repository_that_cannot_be_checked_is_no_damaged_one(
    run_module: ModuleRunner, repository: Filled, tmp_path: pathlib.Path
) -> None:
    wrong = run_module("restic_check", repository.options(password="not-this-one"))
    assert wrong["error"] == "wrong_password"
    with faults.held_lock(repository, tmp_path) as pid:
        locked = run_module("restic_check", repository.options())
    assert (locked["error"], locked["lock"]["pid"]) == ("locked", pid)
    gone = run_module("restic_check", faults.unreachable(repository).options(timeout=4))
    assert gone["error"] == "unreachable"
    for result in (wrong, locked, gone):
        assert result["failed"]
        assert "num_errors" not in result


def test_the_examples_work_and_show_no_secret(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], restics: list[t.Any], tmp_path: pathlib.Path
) -> None:
    repository = filled_repository(restics[-1], tmp_path)
    done = run_play(examples_of("restic_check"), variables=repository.for_examples(), environ=repository.first_on_path())
    assert done.rc == 0, done.output
    assert [result["subset"].partition("/")[2] for result in done.results] == ["", "12"]
    assert not repository.canaries(done.output)
