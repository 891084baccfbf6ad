# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_snapshot_info with real restic: what is listed, and when a play stops for want of a fresh backup."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_faults import Repository
from support.storage import S3, Place

# For what does not depend on the version of restic.
CURRENT = pytest.mark.parametrize("restic", [1], ids=["current"], indirect=True)


@pytest.fixture
def empty(restic: t.Any, tmp_path: pathlib.Path) -> Repository:
    """A repository without snapshots."""
    return faults.local_repository(restic, tmp_path).created()


@pytest.fixture
def repository(empty: Repository, tmp_path: pathlib.Path) -> Repository:
    """A repository with snapshots: fresh ones of web1, old ones of web2, and one from the future."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("content", encoding="utf-8")
    for host, tag, words in (
        ("web2", "files", ["--time=2026-01-01 00:00:00"]),
        ("web2", "files", ["--time=2026-01-02 00:00:00"]),
        ("web1", "files", []),
        ("web1", "database", ["--time=2037-01-01 00:00:00"]),
    ):
        empty.restic("backup", f"--host={host}", f"--tag={tag}", "--tag=moodle", *words, str(tmp_path / "data"))
    return empty


def test_snapshots_are_listed_and_grouped_without_a_change(four_beats: t.Callable[..., FourBeats], repository: Repository) -> None:
    result = four_beats("restic_snapshot_info", repository.options(latest=1, stats="restore-size")).do
    assert (result["changed"], result["total"], result["stale"]) == (False, 4, False)
    assert [(row["host"], row["future"]) for row in result["snapshots"]] == [("web2", False), ("web1", True)]
    assert [(group["host"], group["total"]) for group in result["groups"]] == [("web2", 2), ("web1", 2)]
    assert result["newest"]["tags"] == ["files", "moodle"]
    assert result["newest"]["age_seconds"] < 3600
    assert result["statistics"]["total_size"] == 4 * len("content")
    assert repository.locks() == []


@CURRENT
def test_filters_and_groups_select_what_they_say(run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path) -> None:
    def total(**chosen: t.Any) -> int:
        return int(run_module("restic_snapshot_info", repository.options(filter=chosen))["total"])

    assert total(hosts=["web1"]) == 2
    assert total(tags=["moodle", "database"]) == 1
    assert total(paths=[str(tmp_path / "data")]) == 4
    assert total(paths=["/elsewhere"]) == 0
    one = run_module("restic_snapshot_info", repository.options(group_by=[], latest=2))
    assert ([group["total"] for group in one["groups"]], len(one["snapshots"])) == ([4], 2)
    refused = run_module("restic_snapshot_info", repository.options(filter={"hosts": [""]}))
    assert (refused["failed"], refused["error"]) == (True, "invalid")


@CURRENT
def test_a_stale_backup_stops_a_play_and_one_from_the_future_does_not_save_it(run_module: ModuleRunner, repository: Repository) -> None:
    gate = repository.options(max_age="26h", fail_if_stale=True)
    assert not run_module("restic_snapshot_info", gate)["failed"]
    assert not run_module("restic_snapshot_info", {**gate, "filter": {"hosts": ["web1"]}})["failed"]
    both = run_module("restic_snapshot_info", {**gate, "filter": {"hosts": ["web1", "web2"]}})
    assert (both["failed"], both["error"], both["stale_hosts"]) == (True, "stale", ["web2"])
    assert "web2" in both["msg"]
    future = run_module("restic_snapshot_info", {**gate, "filter": {"tags": ["database"]}})
    assert (future["error"], future["newest"], future["snapshots"][0]["future"]) == ("stale", None, True)
    told = run_module("restic_snapshot_info", repository.options(max_age="26h", filter={"hosts": ["web2"]}))
    assert (told["failed"], told["stale"]) == (False, True)
    wrong = run_module("restic_snapshot_info", repository.options(max_age="a day"))
    assert (wrong["failed"], wrong["error"]) == (True, "invalid")


@CURRENT
def test_an_empty_repository_is_stale(run_module: ModuleRunner, empty: Repository) -> None:
    assert run_module("restic_snapshot_info", empty.options())["stale"]
    result = run_module("restic_snapshot_info", empty.options(fail_if_stale=True))
    assert (result["failed"], result["error"], result["snapshots"]) == (True, "stale", [])


def test_it_reads_while_another_process_holds_the_repository(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path
) -> None:
    with faults.held_lock(repository, tmp_path, exclusive=True):
        assert run_module("restic_snapshot_info", repository.options())["total"] == 4


def test_what_cannot_be_read_is_no_empty_list(run_module: ModuleRunner, empty: Repository) -> None:
    assert run_module("restic_snapshot_info", empty.options(password="another"))["error"] == "wrong_password"
    assert run_module("restic_snapshot_info", empty.options(repository=f"{empty.url}-not"))["error"] == "no_repository"
    assert run_module("restic_snapshot_info", faults.unreachable(empty).options(timeout=4))["error"] == "unreachable"
    with faults.silent(empty) as away:
        silent = run_module("restic_snapshot_info", away.options(timeout=3))
    assert (silent["failed"], silent["error"], silent["timed_out"]) == (True, "timed_out", True)


@CURRENT
def test_a_binary_that_is_no_restic_is_named(run_module: ModuleRunner, empty: Repository, tmp_path: pathlib.Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELF and nothing more")
    garbage.chmod(0o755)
    for timeout in (300, 0):
        missing = run_module("restic_snapshot_info", empty.options(binary="/no/such/restic", timeout=timeout))
        folder = run_module("restic_snapshot_info", empty.options(binary=str(tmp_path), timeout=timeout))
        broken = run_module("restic_snapshot_info", empty.options(binary=str(garbage), timeout=timeout))
        assert [result["error"] for result in (missing, folder, broken)] == ["missing_program"] * 3
        assert "The program /no/such/restic was not found on this host." in missing["msg"]
        assert f"The program {tmp_path} is there, but cannot be run." in folder["msg"]
        assert "the program cannot be started. Give the path of restic in the option binary." in broken["msg"]


@CURRENT
def test_a_restic_that_is_too_old_for_everything_is_named_when_it_fails(
    run_module: ModuleRunner, empty: Repository, tmp_path: pathlib.Path
) -> None:
    ancient = faults.wrapped(
        empty, tmp_path, "case $* in version) echo restic 0.12.1 compiled with go1.18;; *) exec $RESTIC --no-such $*;; esac"
    )
    result = run_module("restic_snapshot_info", ancient.options())
    assert (result["failed"], result["error"], result["found_version"]) == (True, "unsupported_option", "0.12.1")
    assert result["msg"] == "This module needs restic 0.14.0 or newer, and this host has restic 0.12.1."


def test_a_bucket_and_an_append_only_server_can_be_read(
    run_module: ModuleRunner, restic: t.Any, s3: S3, rest_server: t.Callable[..., Place], tmp_path: pathlib.Path
) -> None:
    bucket = Repository(
        restic.path, restic.version, f"s3:{s3.bucket(f'info-{restic.version}')}/moodle", tmp_path / "cache", environ=s3.environ
    )
    server = Repository(restic.path, restic.version, f"rest:{rest_server(append_only=True).url}moodle", tmp_path / "cache")
    for place in (bucket.created(), server.created()):
        place.restic("backup", "--stdin", text="dump")
        assert run_module("restic_snapshot_info", place.options())["newest"]["paths"] == ["/stdin"]


@CURRENT
def test_no_secret_is_in_a_command_line_or_a_log(run_play: PlayRunner, repository: Repository) -> None:
    with faults.Lookout(repository.password) as seen:
        done = run_play([{"campus.moodle.restic_snapshot_info": repository.options(stats="raw-data")}])
    assert done.rc == 0, done.output
    assert os.path.basename(repository.binary) in seen.programs
    assert seen.found == []
    assert repository.password not in done.output
    assert json.dumps(done.results).count("web2") > 0


@CURRENT
def test_the_examples_work(
    run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], repository: Repository, tmp_path: pathlib.Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "restic").symlink_to(repository.binary)
    repository.restic("backup", "--stdin", "--tag=database", "--tag=moodle", text="dump")
    done = run_play(
        examples_of("restic_snapshot_info"),
        variables={
            "backup_repository": repository.url,
            "backup_password": repository.password,
            "backup_environment": {"RESTIC_CACHE_DIR": str(repository.cache)},
        },
        environ={"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    assert done.rc == 0, done.output
    assert done.results[1]["statistics"]["total_size"] > 0
