# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_backup with real restic when something fails: what the failure is called, and that nothing bad becomes a snapshot."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import socket
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import ModuleRunner
from support.restic_faults import Gate, Repository
from support.wait import wait_for

MEGABYTE = 1 << 20
# For what does not depend on the version of restic.
CURRENT = pytest.mark.parametrize("restic", [1], ids=["current"], indirect=True)


@pytest.fixture
def repository(restic: t.Any, tmp_path: pathlib.Path) -> Repository:
    """A new local repository."""
    return faults.local_repository(restic, tmp_path).created()


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a file."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "course.mbz").write_bytes(os.urandom(MEGABYTE))
    return folder


@pytest.fixture
def background() -> t.Iterator[concurrent.futures.Executor]:
    """Runs a module while the test does something else."""
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        yield executor


def test_a_wrong_password_is_named_and_an_inherited_password_file_does_not_count(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(repository.password, encoding="utf-8")
    wrong.write_text("another", encoding="utf-8")
    asked = repository.options(paths=[str(source)])
    refused = run_module("restic_backup", {**asked, "password": "another"}, environ={"RESTIC_PASSWORD_FILE": str(right)})
    assert (refused["failed"], refused["error"]) == (True, "wrong_password")
    assert repository.snapshots() == []
    inherited = {"RESTIC_PASSWORD_FILE": str(wrong), "RESTIC_REPOSITORY": "/elsewhere", "RESTIC_HOST": "elsewhere"}
    assert run_module("restic_backup", asked, environ=inherited)["changed"]
    assert repository.snapshots()[0]["hostname"] == socket.gethostname()
    del asked["password"]
    for other in ({"password_file": str(right)}, {"password_command": f"cat {right}"}):
        assert run_module("restic_backup", {**asked, **other}, environ=inherited)["changed"]


def test_a_server_that_is_not_there_ends_at_the_limit_or_before(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path
) -> None:
    away = faults.unreachable(repository)
    result = run_module("restic_backup", away.options(paths=[str(source)], timeout=4))
    assert (result["failed"], result["changed"], result["error"]) == (True, False, "unreachable")
    assert "nothing-to-see" not in json.dumps(result)


def test_a_server_that_never_answers_ends_at_the_limit(run_module: ModuleRunner, repository: Repository, source: pathlib.Path) -> None:
    with faults.silent(repository) as away:
        paths = run_module("restic_backup", away.options(paths=[str(source)], timeout=4))
        dump = run_module("restic_backup", away.options(command=["echo", "dump"], stdin_filename="dump", timeout=4))
    for result in (paths, dump):
        assert (result["failed"], result["changed"], result["error"]) == (True, False, "timed_out"), result
        assert f"restic backup for {away.url}: it ran longer than 4 seconds and was ended." in result["msg"]


def test_a_full_disk_is_named_and_leaves_no_snapshot(
    run_module: ModuleRunner, restic: t.Any, source: pathlib.Path, small_disk: t.Callable[[int], pathlib.Path], tmp_path: pathlib.Path
) -> None:
    small = faults.local_repository(restic, small_disk(12))
    small.cache = tmp_path / "cache"
    small = small.created()
    (source / "large").write_bytes(os.urandom(24 * MEGABYTE))
    result = run_module("restic_backup", small.options(paths=[str(source)], timeout=60))
    # About one time in fourteen restic 0.14 hangs after a failed write, without a word about it.
    assert result["failed"]
    assert result["error"] in (["disk_full", "timed_out"] if small.old else ["disk_full"])
    assert "snapshot_id" not in result
    (source / "large").unlink()
    assert small.snapshots() == []


def test_an_exclusive_lock_is_named_with_its_holder(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    asked = repository.options(paths=[str(source)])
    with faults.held_lock(repository, tmp_path, exclusive=True) as pid:
        result = run_module("restic_backup", asked)
        assert (result["failed"], result["error"]) == (True, "locked")
        assert (result["lock"]["pid"], result["lock"]["host"], result["lock"]["exclusive"]) == (pid, socket.gethostname(), True)
        assert f"by process {pid} on {socket.gethostname()}" in result["msg"]
        waited = run_module("restic_backup", {**asked, "lock_wait": 1})
        assert waited["failed"]
        assert ("Option lock_wait needs restic 0.16.0" in waited["msg"]) == repository.old
    # Its holder is dead, but restic cannot know that of another host's, so it is left to restic_repository.
    assert run_module("restic_backup", asked)["error"] == "locked"
    assert run_module("restic_repository", repository.options(state="unlocked"))["changed"]
    assert run_module("restic_backup", asked)["changed"]


def test_a_shared_lock_of_another_backup_is_no_obstacle(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with faults.held_lock(repository, tmp_path):
        assert run_module("restic_backup", repository.options(paths=[str(source)]))["changed"]
    assert run_module("restic_backup", repository.options(paths=[str(source)]))["changed"]


def test_a_killed_backup_is_an_error_and_the_next_one_is_complete(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, background: concurrent.futures.Executor
) -> None:
    (source / "large").write_bytes(os.urandom(8 * MEGABYTE))
    asked = repository.options(paths=[str(source)])
    running = background.submit(run_module, "restic_backup", {**asked, "limit_upload": 1})
    wait_for(lambda: bool(repository.processes()) and bool(repository.locks()), what="backup")
    faults.kill(repository.processes()[0])
    result = running.result()
    assert (result["failed"], result["changed"], result["error"]) == (True, False, "killed")
    assert "most likely by the kernel because memory ran out" in result["msg"]
    assert repository.snapshots() == []
    assert run_module("restic_backup", asked)["changed"]
    assert f"{source}/large" in repository.restic("ls", "latest").stdout.splitlines()
    repository.restic("check", "--read-data", "--no-lock")


def test_a_backup_over_its_time_is_ended_and_leaves_neither_snapshot_nor_lock(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path
) -> None:
    (source / "large").write_bytes(os.urandom(8 * MEGABYTE))
    result = run_module("restic_backup", repository.options(paths=[str(source)], limit_upload=64, timeout=5))
    assert (result["failed"], result["error"], result["timed_out"]) == (True, "timed_out", True)
    assert repository.snapshots() == []
    assert repository.locks() == []


@pytest.mark.parametrize(
    ("script", "size"),
    [("exit 3", "nothing"), ("head -c 9000000 /dev/urandom; echo no space for a sort >&2; exit 3", "megabytes")],
    ids=["at once", "after megabytes"],
)
def test_a_command_that_fails_leaves_no_snapshot(run_module: ModuleRunner, repository: Repository, script: str, size: str) -> None:
    result = run_module("restic_backup", repository.options(command=["sh", "-c", script], stdin_filename="dump"))
    assert (result["failed"], result["changed"], result["error"], result["rc"]) == (True, False, "command_failed", 3)
    assert ("no space for a sort" in result["msg"]) == (size == "megabytes")
    assert repository.snapshots() == []
    assert repository.locks() == []


def test_a_command_that_prints_nothing_is_no_backup(run_module: ModuleRunner, repository: Repository) -> None:
    result = run_module("restic_backup", repository.options(command=["true"], stdin_filename="dump"))
    assert (result["failed"], result["error"], result["rc"]) == (True, "command_failed", 0)
    assert "printed nothing" in result["msg"]
    assert repository.snapshots() == []


def test_a_command_that_is_killed_late_leaves_no_snapshot(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path, background: concurrent.futures.Executor
) -> None:
    gate = Gate(tmp_path / "gate", 9 * MEGABYTE)
    running = background.submit(run_module, "restic_backup", repository.options(command=gate.command, stdin_filename="dump"))
    faults.kill(gate.wait())
    result = running.result()
    assert (result["failed"], result["error"]) == (True, "command_failed")
    assert "signal" in result["msg"]
    assert repository.snapshots() == []


@CURRENT
def test_a_program_that_is_not_there_is_named(run_module: ModuleRunner, repository: Repository) -> None:
    result = run_module("restic_backup", repository.options(command=["pg_dump_of_another_host"], stdin_filename="dump"))
    assert (result["failed"], result["error"]) == (True, "command_failed")
    assert "pg_dump_of_another_host" in result["msg"]


def test_restic_killed_under_a_command_is_an_error_without_a_snapshot(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path, background: concurrent.futures.Executor
) -> None:
    gate = Gate(tmp_path / "gate", 9 * MEGABYTE)
    running = background.submit(run_module, "restic_backup", repository.options(command=gate.command, stdin_filename="dump"))
    gate.wait()
    faults.kill(repository.processes()[0])
    gate.end(0)
    result = running.result()
    assert (result["failed"], result["changed"], result["error"]) == (True, False, "killed")
    assert repository.snapshots() == []


def test_a_module_killed_under_a_command_leaves_no_snapshot_and_no_process(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path, background: concurrent.futures.Executor
) -> None:
    gate = Gate(tmp_path / "gate", 9 * MEGABYTE)
    running = background.submit(run_module, "restic_backup", repository.options(command=gate.command, stdin_filename="dump"))
    dump = gate.wait()
    (process,) = repository.processes()
    faults.kill(faults.parent(process))
    assert running.result()["msg"] == "MODULE FAILURE"
    wait_for(lambda: faults.gone(process) and faults.gone(dump), what="end of restic and the command")
    assert repository.snapshots() == []


def test_a_command_over_its_time_is_ended_and_leaves_neither_snapshot_nor_lock(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path
) -> None:
    gate = Gate(tmp_path / "gate", MEGABYTE)
    result = run_module("restic_backup", repository.options(command=gate.command, stdin_filename="dump", timeout=5))
    assert (result["failed"], result["error"], result["timed_out"]) == (True, "timed_out", True)
    wait_for(lambda: faults.gone(gate.wait()), what="end of the command")
    assert repository.snapshots() == []
    assert repository.locks() == []


def test_a_command_that_takes_no_hint_is_ended_by_its_limit_all_the_same(run_module: ModuleRunner, repository: Repository) -> None:
    stubborn = ["sh", "-c", "trap '' INT; echo dump; sleep 600"]
    result = run_module("restic_backup", repository.options(command=stubborn, stdin_filename="dump", timeout=3))
    assert (result["failed"], result["error"], result["timed_out"]) == (True, "timed_out", True)
    assert repository.snapshots() == []
