# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_repository with real restic: created only where there is none, keys without losing access, locks of the dead only."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import socket
import stat
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_faults import Repository
from support.storage import S3, Place

Beats = t.Callable[..., FourBeats]
# For what does not depend on the version of restic.
CURRENT = pytest.mark.parametrize("restic", [1], ids=["current"], indirect=True)


@pytest.fixture
def place(restic: t.Any, tmp_path: pathlib.Path) -> Repository:
    """Where a repository can be, and none is yet."""
    return faults.local_repository(restic, tmp_path)


def labels(result: dict[str, t.Any]) -> list[str]:
    """Whose keys a result lists."""
    return [f"{key['user']}@{key['host']}" for key in result["repository_keys"]]


def test_a_repository_is_created_once(four_beats: Beats, place: Repository) -> None:
    beats = four_beats("restic_repository", place.options(version=1))
    assert (beats.check["changed"], "id" in beats.check) == (True, False)
    assert beats.do["diff"] == {"before": {"exists": False}, "after": {"exists": True}}
    assert (beats.do["id"], beats.do["version"]) == (json.loads(place.restic("cat", "config").stdout)["id"], 1)
    assert beats.do_again["id"] == beats.do["id"]


def test_a_wrong_password_never_creates_anything(run_module: ModuleRunner, place: Repository) -> None:
    there = place.created()
    before = sorted(path for path in there.folder.rglob("*"))
    for check in (True, False):
        result = run_module("restic_repository", there.options(password="another"), check=check)
        assert (result["failed"], result["changed"], result["error"]) == (True, False, "wrong_password")
    assert sorted(path for path in there.folder.rglob("*")) == before


def test_a_place_that_cannot_be_read_is_not_taken_for_an_empty_one(run_module: ModuleRunner, place: Repository) -> None:
    # A file where the folder should be: an error of the file system that is no "does not exist".
    place.folder.write_text("something else", encoding="utf-8")
    result = run_module("restic_repository", place.options(timeout=4))
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["error"] in ("failed", "timed_out")
    assert place.folder.read_text(encoding="utf-8") == "something else"


def test_a_server_that_is_not_there_ends_at_the_limit_or_before(run_module: ModuleRunner, place: Repository) -> None:
    result = run_module("restic_repository", faults.unreachable(place).options(timeout=4))
    assert (result["failed"], result["error"]) == (True, "unreachable")
    assert "nothing-to-see" not in json.dumps(result)


def test_a_server_that_never_answers_ends_at_the_limit(run_module: ModuleRunner, place: Repository) -> None:
    with faults.silent(place) as away:
        result = run_module("restic_repository", away.options(timeout=4))
    assert (result["failed"], result["changed"], result["error"]) == (True, False, "timed_out")
    assert result["msg"].startswith(f"restic cat for {away.url}: it ran longer than 4 seconds and was ended.")


@CURRENT
def test_a_full_disk_is_named(
    run_module: ModuleRunner, restic: t.Any, small_disk: t.Callable[[int], pathlib.Path], tmp_path: pathlib.Path
) -> None:
    disk = small_disk(1)
    (disk / "full").write_bytes(bytes((1 << 20) - os.sysconf("SC_PAGE_SIZE")))
    small = faults.local_repository(restic, disk)
    small.cache = tmp_path / "cache"
    result = run_module("restic_repository", small.options())
    assert (result["failed"], result["error"]) == (True, "disk_full")


def test_another_repository_than_the_expected_one_is_refused(run_module: ModuleRunner, place: Repository) -> None:
    absent = run_module("restic_repository", place.options(expected_id="0123456789abcdef"))
    assert (absent["failed"], absent["error"]) == (True, "no_repository")
    assert not place.folder.exists()
    there = place.created()
    identity = run_module("restic_repository", there.options())["id"]
    assert not run_module("restic_repository", there.options(expected_id=identity[:10]))["failed"]
    other = run_module("restic_repository", there.options(expected_id="0123456789abcdef"))
    assert (other["failed"], other["error"]) == (True, "id_mismatch")
    old = run_module("restic_repository", there.options(version=1))
    assert (old["failed"], old["error"]) == (True, "version_mismatch")


def test_keys_are_added_rotated_and_removed(four_beats: Beats, place: Repository, tmp_path: pathlib.Path) -> None:
    there = place.created()
    mine = {"user": "administrators", "host": "vault"}
    file = tmp_path / "password"
    file.write_text("second\n", encoding="utf-8")

    def opens(password: str) -> bool:
        other = dataclasses.replace(there, password=password)
        return other.restic("cat", "config", "--no-lock", check=False).returncode == 0

    added = four_beats("restic_repository", there.options(keys=[{**mine, "password": "first"}]))
    assert added.do["diff"] == {
        "before": {"exists": True, "administrators@vault": "absent"},
        "after": {"exists": True, "administrators@vault": "present"},
    }
    assert "administrators@vault" in labels(added.do)
    assert (opens("first"), opens(there.password)) == (True, True)

    rotated = four_beats("restic_repository", there.options(keys=[{**mine, "password_file": str(file)}]))
    assert rotated.do["diff"]["before"]["administrators@vault"] == "present with another password"
    assert (opens("first"), opens("second"), len(labels(rotated.do))) == (False, True, 2)

    kept = four_beats("restic_repository", there.options(keys=[{**mine, "password": "third", "rotate": False}]))
    assert (kept.do["changed"], opens("third"), opens("second")) == (False, False, True)

    removed = four_beats("restic_repository", there.options(keys=[{**mine, "state": "absent"}]))
    assert (removed.do["changed"], labels(removed.do_again)) == (True, [f"root@{socket.gethostname()}"])
    assert (opens("second"), opens(there.password)) == (False, True)


def test_the_key_that_opened_the_repository_is_never_removed(run_module: ModuleRunner, four_beats: Beats, place: Repository) -> None:
    there = place.created()
    (current,) = run_module("restic_repository", there.options(keys=[]))["repository_keys"]
    own = {"user": current["user"], "host": current["host"]}
    refused = run_module("restic_repository", there.options(keys=[{**own, "state": "absent"}]))
    assert (refused["failed"], refused["error"]) == (True, "current_key")
    # Rotated in two steps: the new key is added with the old one, and the old one goes once the new one opens.
    first = four_beats("restic_repository", there.options(keys=[{**own, "password": "new"}]))
    assert len(labels(first.do)) == 2
    second = four_beats("restic_repository", there.options(password="new", keys=[{**own, "password": "new"}]))
    assert [key["current"] for key in second.do["repository_keys"]] == [True]
    assert run_module("restic_repository", there.options())["error"] == "wrong_password"


@CURRENT
def test_keys_that_cannot_be_are_refused(run_module: ModuleRunner, place: Repository) -> None:
    there = place.created()
    mine = {"user": "administrators", "host": "vault"}
    wrong = {
        "invalid": [{**mine, "password": "ends with a space "}],
        "double_password": [{**mine, "password": there.password}],
    }
    for error, keys in wrong.items():
        result = run_module("restic_repository", there.options(keys=keys))
        assert (result["failed"], result["error"]) == (True, error)
    twice = run_module("restic_repository", there.options(keys=[{**mine, "password": "one-of-two"}, {**mine, "password": "two-of-two"}]))
    assert (twice["failed"], twice["error"]) == (True, "invalid")


def test_a_failure_half_way_says_that_something_was_changed(run_module: ModuleRunner, place: Repository, tmp_path: pathlib.Path) -> None:
    def without(command: str, repository: Repository) -> Repository:
        return faults.wrapped(repository, tmp_path, f'case "$*" in *"{command}"*) echo no >&2; exit 1;; esac\nexec "$RESTIC" "$@"')

    mine = {"user": "administrators", "host": "vault"}
    created = run_module("restic_repository", without("key list", place).options(keys=[{**mine, "password": "first"}]))
    assert (created["failed"], created["changed"], place.folder.exists()) == (True, True, True)
    refused = run_module("restic_repository", without("key add", place).options(keys=[{**mine, "password": "first"}]))
    assert (refused["failed"], refused["changed"]) == (True, False)
    assert run_module("restic_repository", place.options(keys=[{**mine, "password": "first"}]))["changed"]
    added = run_module("restic_repository", without("key remove", place).options(keys=[{**mine, "password": "second"}]))
    assert (added["failed"], added["changed"]) == (True, True)
    assert labels(run_module("restic_repository", place.options(keys=[]))).count("administrators@vault") == 2


def test_the_lock_of_a_dead_process_is_removed_and_that_of_a_living_one_is_not(
    run_module: ModuleRunner, four_beats: Beats, place: Repository, tmp_path: pathlib.Path
) -> None:
    there = place.created()
    dead = faults.dead_lock(there, tmp_path)
    with faults.held_lock(there, tmp_path) as pid:
        beats = four_beats("restic_repository", there.options(state="unlocked"))
        assert beats.do["changed"]
        assert [(lock["pid"], lock["stale"], lock["exclusive"]) for lock in beats.do["locks"]] == [(pid, False, False)]
        assert f"process {dead} of root" in json.dumps(beats.do["diff"]["before"])
        forced = run_module("restic_repository", there.options(state="unlocked", force=True))
        assert (forced["changed"], forced["locks"]) == (True, [])
    four_beats("restic_repository", there.options(state="unlocked"))


def test_an_exclusive_lock_does_not_hide_the_repository(run_module: ModuleRunner, place: Repository, tmp_path: pathlib.Path) -> None:
    there = place.created()
    with faults.held_lock(there, tmp_path, exclusive=True) as pid:
        assert run_module("restic_repository", there.options())["failed"] is False
        # Before 0.17 restic locks even to list the keys.
        keys = [] if there.old else [{"user": "administrators", "host": "vault", "password": "another"}]
        result = run_module("restic_repository", there.options(keys=keys))
        assert (result["failed"], result["error"], result["lock"]["pid"]) == (True, "locked", pid)


@CURRENT
def test_there_is_nothing_to_unlock_where_nothing_is(run_module: ModuleRunner, place: Repository) -> None:
    result = run_module("restic_repository", place.options(state="unlocked"))
    assert (result["failed"], result["error"]) == (True, "no_repository")
    assert not place.folder.exists()


def test_the_chunker_is_that_of_another_repository(run_module: ModuleRunner, place: Repository, tmp_path: pathlib.Path) -> None:
    other = place.created()
    new = tmp_path / "new"
    result = run_module(
        "restic_repository",
        other.options(repository=str(new), password="new", copy_chunker_from={"repository": other.url, "password": other.password}),
    )
    assert result["changed"]
    copy = dataclasses.replace(other, url=str(new), password="new")
    chunkers = {json.loads(one.restic("cat", "config").stdout)["chunker_polynomial"] for one in (other, copy)}
    assert len(chunkers) == 1


def test_a_bucket_and_a_rest_server_are_places_like_any_other(
    four_beats: Beats, run_module: ModuleRunner, place: Repository, s3: S3, rest_server: t.Callable[..., Place]
) -> None:
    bucket = Repository(place.binary, place.version, f"s3:{s3.bucket(f'new-{place.version}')}/moodle", place.cache, environ=s3.environ)
    four_beats("restic_repository", bucket.options())
    refused = bucket.options(timeout=6)
    refused["environment"] = {**s3.environ, "AWS_SECRET_ACCESS_KEY": "canary-wrong-key"}
    result = run_module("restic_repository", refused)
    assert (result["failed"], result["changed"], result["error"]) == (True, False, "forbidden")
    assert "canary-wrong-key" not in json.dumps(result)
    server = rest_server(append_only=True)
    secret = "canary-in-address"
    web = Repository(place.binary, place.version, server.url.replace("http://", f"rest:http://user:{secret}@") + "moodle", place.cache)
    beats = four_beats("restic_repository", web.options())
    assert secret not in json.dumps(beats)
    faults.dead_lock(web, place.cache.parent)
    assert run_module("restic_repository", web.options(state="unlocked"))["changed"]


@CURRENT
def test_no_secret_is_in_a_command_line_a_log_or_a_file_that_stays(run_play: PlayRunner, place: Repository, tmp_path: pathlib.Path) -> None:
    new = "canary-of-a-new-key"
    options = place.options(keys=[{"user": "administrators", "host": "vault", "password": new}])
    with faults.Lookout(place.password) as first, faults.Lookout(new) as second:
        done = run_play([{"campus.moodle.restic_repository": options}], environ={"ANSIBLE_REMOTE_TMP": str(tmp_path / "remote")})
    assert done.rc == 0, done.output
    assert os.path.basename(place.binary) in first.programs
    assert first.found + second.found == []
    assert place.password not in done.output
    assert new not in done.output
    left = [path for path in tmp_path.rglob("*") if stat.S_ISREG(path.stat().st_mode) and new.encode() in path.read_bytes()]
    assert left == []


@CURRENT
def test_the_examples_work(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], place: Repository, tmp_path: pathlib.Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "restic").symlink_to(place.binary)
    done = run_play(
        examples_of("restic_repository"),
        variables={
            "backup_repository": place.url,
            "backup_password": place.password,
            "backup_environment": {"RESTIC_CACHE_DIR": str(place.cache)},
            "administrators_password": "another",
        },
        environ={"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    assert done.rc == 0, done.output
    assert [result["changed"] for result in done.results] == [True, True, False]
