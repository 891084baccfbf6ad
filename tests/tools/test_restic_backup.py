# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_backup with real restic: what becomes a snapshot, what is refused as partial, and what reports, results and logs show."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.restic_faults import Repository
from support.storage import S3, Place

MEGABYTE = 1 << 20
# For what does not depend on the version of restic.
CURRENT = pytest.mark.parametrize("restic", [1], ids=["current"], indirect=True)


@pytest.fixture
def repository(restic: t.Any, tmp_path: pathlib.Path) -> Repository:
    """A new local repository."""
    return faults.local_repository(restic, tmp_path).created()


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a few files."""
    folder = tmp_path / "data"
    (folder / "cache").mkdir(parents=True)
    (folder / "cache" / "junk").write_text("junk", encoding="utf-8")
    (folder / "course.mbz").write_bytes(os.urandom(MEGABYTE))
    (folder / "notes").write_text("notes", encoding="utf-8")
    return folder


def files_in(repository: Repository, snapshot: str) -> set[str]:
    """The paths in a snapshot."""
    rows = map(json.loads, repository.restic("ls", "--json", snapshot).stdout.splitlines())
    return {row["path"] for row in rows if row.get("type") == "file"}


def test_a_backup_is_not_repeated_while_one_is_young_enough(
    four_beats: t.Callable[..., FourBeats], repository: Repository, source: pathlib.Path
) -> None:
    beats = four_beats("restic_backup", repository.options(paths=[str(source)], tags=["moodle", "files"], max_age="1h"))
    assert beats.check["changed"]
    assert "snapshot_id" not in beats.check
    assert beats.check["data_added"] > MEGABYTE
    assert [row["id"].startswith(beats.do["snapshot_id"]) for row in repository.snapshots()] == [True]
    assert beats.do_again["snapshot_id"].startswith(beats.do["snapshot_id"])
    assert repository.locks() == []


@CURRENT
def test_an_age_counts_only_for_the_same_paths_host_and_tags(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path
) -> None:
    same = repository.options(paths=[str(source)], tags=["a"], max_age="1h")
    assert run_module("restic_backup", same)["changed"]
    for other in ({"tags": ["b"]}, {"host": "elsewhere"}, {"paths": [str(source / "notes")]}, {"max_age": "0"}):
        assert run_module("restic_backup", {**same, **other}, check=True)["changed"], other
    repository.restic("backup", "--time=2037-01-01 00:00:00", "--tag=future", str(source))
    assert run_module("restic_backup", {**same, "tags": ["future"]}, check=True)["changed"]


@CURRENT
def test_what_is_in_the_snapshot_is_what_was_asked_for(run_module: ModuleRunner, repository: Repository, source: pathlib.Path) -> None:
    (source / "marked").mkdir()
    (source / "marked" / ".nobackup").touch()
    (source / "marked" / "file").touch()
    (source / "-odd name *").write_text("odd", encoding="utf-8")
    result = run_module(
        "restic_backup",
        repository.options(
            paths=[str(source)],
            excludes=[str(source / "cache")],
            exclude_if_present=[".nobackup"],
            exclude_larger_than="900K",
            one_file_system=True,
            tags=["one", "two"],
            host="physics",
            compression="max",
        ),
    )
    assert not result["failed"], result
    (snapshot,) = repository.snapshots()
    assert (snapshot["hostname"], snapshot["tags"], snapshot["paths"]) == ("physics", ["one", "two"], [str(source)])
    assert {pathlib.Path(path).name for path in files_in(repository, "latest")} == {"notes", "-odd name *", ".nobackup"}
    assert result["summary"]["total_files_processed"] == 3
    assert (result["partial"], result["errors"], result["missing"]) == (False, [], [])


def test_without_a_change_no_snapshot_is_made_where_restic_can_tell(run_module: ModuleRunner, repository: Repository) -> None:
    # Not below /tmp: restic also keeps the times of the folders above, and those of /tmp change all the time.
    asked = repository.options(paths=["/usr/share/common-licenses"], skip_if_unchanged=True)
    if repository.old:
        refused = run_module("restic_backup", asked)
        assert "Option skip_if_unchanged needs restic 0.17.0 or newer, and this host has restic 0.14.0" in refused["msg"]
        assert repository.snapshots() == []
        return
    assert run_module("restic_backup", asked)["changed"]
    for check in (True, False):
        again = run_module("restic_backup", asked, check=check)
        assert (again["failed"], again["changed"], "snapshot_id" in again) == (False, False, False)
    assert len(repository.snapshots()) == 1


@CURRENT
def test_a_source_that_is_missing_fails_before_anything_is_done(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path
) -> None:
    asked = repository.options(paths=[str(source), "/no/such/folder"])
    for check in (True, False):
        result = run_module("restic_backup", asked, check=check)
        assert (result["failed"], result["error"], result["missing"]) == (True, "missing_path", ["/no/such/folder"])
    assert repository.snapshots() == []


def test_a_source_that_may_be_missing_is_left_out_and_named(run_module: ModuleRunner, repository: Repository, source: pathlib.Path) -> None:
    result = run_module("restic_backup", repository.options(paths=[str(source), "/no/such/folder"], missing_path="warn"))
    assert (result["failed"], result["changed"], result["missing"]) == (False, True, ["/no/such/folder"])
    assert "/no/such/folder" in json.dumps(result["warnings"])
    assert repository.snapshots()[0]["paths"] == [str(source)]
    nothing = run_module("restic_backup", repository.options(paths=["/no/such/folder"], missing_path="warn"))
    assert (nothing["failed"], nothing["error"]) == (True, "missing_path")


def test_a_pattern_without_a_match_is_found_in_what_restic_says(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    listing = tmp_path / "listing"
    listing.write_text(f"{source}/*.mbz\n{source}/*.tar\n", encoding="utf-8")
    asked = repository.options(files_from=[str(listing)])
    result = run_module("restic_backup", asked)
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "missing_path")
    assert result["missing"] == [f"{source}/*.tar"]
    # It does not count later either.
    again = run_module("restic_backup", {**asked, "max_age": "1h"})
    assert (again["failed"], again["changed"], again["error"]) == (True, True, "missing_path")
    accepted = run_module("restic_backup", {**asked, "missing_path": "warn"})
    assert (accepted["failed"], accepted["missing"]) == (False, [f"{source}/*.tar"])


def test_a_source_that_cannot_be_read_makes_a_partial_snapshot_that_is_no_success(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path
) -> None:
    # Nothing is mapped at the beginning of a process's memory, so reading it is an error for everybody.
    unreadable = f"/proc/{os.getpid()}/mem"
    asked = repository.options(paths=[str(source), unreadable])
    result = run_module("restic_backup", asked)
    assert (result["failed"], result["changed"], result["error"], result["partial"]) == (True, True, "partial", True)
    assert unreadable in result["msg"]
    assert [error["item"] for error in result["errors"]] == [unreadable]
    assert repository.snapshots()[0]["id"].startswith(result["snapshot_id"])
    accepted = run_module("restic_backup", {**asked, "on_partial": "warn"})
    assert (accepted["failed"], accepted["changed"], accepted["partial"]) == (False, True, True)
    assert unreadable in json.dumps(accepted["warnings"])


def test_a_snapshot_that_was_refused_as_partial_counts_nowhere_until_a_good_one_is_there(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    # A file of a process that ends: unreadable first, and gone then, so that the same paths can be backed up well.
    unreadable = tmp_path / "memory"
    unreadable.symlink_to(f"/proc/{os.getpid()}")
    listing, status, metrics = tmp_path / "listing", tmp_path / "status.json", tmp_path / "backup.prom"
    listing.write_text(f"{source}\n{unreadable}/mem\n", encoding="utf-8")
    reports = {"status_file": str(status), "metrics_file": str(metrics)}
    asked = repository.options(files_from=[str(listing)], tags=["moodle"], max_age="1h", **reports)
    gate = repository.options(filter={"tags": ["moodle"]}, max_age="1h", fail_if_stale=True)
    for count in (1, 2):
        result = run_module("restic_backup", asked)
        assert (result["failed"], result["changed"], result["error"], result["partial"]) == (True, True, "partial", True), count
        rows = repository.snapshots()
        assert [row["tags"] for row in rows] == [["moodle", "campus.moodle.partial"]] * count
        assert result["snapshot_id"] in [row["id"] for row in rows]
        report = json.loads(status.read_text(encoding="utf-8"))
        assert (report["success"], report["partial"], report["last_success"]) == (False, True, None)
        assert 'campus_moodle_backup_success{backup="restic"} 0\n' in metrics.read_text(encoding="utf-8")
        assert run_module("restic_snapshot_info", gate)["error"] == "stale"
    assert [row["partial"] for row in run_module("restic_snapshot_info", repository.options())["snapshots"]] == [True, True]
    listing.write_text(f"{source}\n", encoding="utf-8")
    good = run_module("restic_backup", asked)
    assert (good["failed"], good["changed"]) == (False, True)
    young = run_module("restic_backup", asked)
    assert (young["failed"], young["changed"], young["snapshot_id"][:8]) == (False, False, good["snapshot_id"][:8])
    assert json.loads(status.read_text(encoding="utf-8"))["success"]
    assert run_module("restic_snapshot_info", gate)["stale"] is False
    assert repository.locks() == []


def test_a_refused_snapshot_counts_nowhere_also_where_nothing_may_be_deleted(
    run_module: ModuleRunner, restic: t.Any, rest_server: t.Callable[..., Place], source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = rest_server(append_only=True)
    place = Repository(restic.path, restic.version, f"rest:{server.url}moodle", tmp_path / "cache").created()
    asked = place.options(paths=[str(source), f"/proc/{os.getpid()}/mem"], max_age="1h")
    assert run_module("restic_backup", asked)["error"] == "partial"
    # The one without the mark is still there.
    assert len(place.snapshots()) == 2
    assert run_module("restic_backup", asked, check=True)["changed"]
    result = run_module("restic_snapshot_info", place.options(max_age="1h"))
    assert (result["stale"], [row["partial"] for row in result["snapshots"]]) == (True, [True, True])


# A current restic waits a minute for the lock, and then says so.
@pytest.mark.parametrize("restic", [0], ids=["debian"], indirect=True)
def test_a_backup_of_another_host_does_not_keep_a_refused_snapshot_from_being_marked(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with faults.held_lock(repository, tmp_path):
        result = run_module("restic_backup", repository.options(paths=[str(source), f"/proc/{os.getpid()}/mem"]))
    assert (result["error"], "could not be marked" in result["msg"]) == ("partial", False)
    assert repository.snapshots()[0]["tags"] == ["campus.moodle.partial"]


def test_what_a_command_prints_is_backed_up_byte_by_byte(run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(os.urandom(20 * MEGABYTE))
    result = run_module(
        "restic_backup", repository.options(command=["cat", str(content)], stdin_filename="physics.dump", tags=["database"])
    )
    assert (result["failed"], result["changed"]) == (False, True), result
    assert result["summary"]["total_bytes_processed"] == 20 * MEGABYTE
    (snapshot,) = repository.snapshots()
    assert (snapshot["paths"], snapshot["tags"]) == (["/physics.dump"], ["database"])
    restored = tmp_path / "restored"
    repository.restic("restore", "latest", f"--target={restored}")
    assert (restored / "physics.dump").read_bytes() == content.read_bytes()
    young = run_module("restic_backup", repository.options(command=["false"], stdin_filename="physics.dump", max_age="1h"))
    assert (young["failed"], young["changed"]) == (False, False)


@CURRENT
def test_a_command_is_not_run_for_a_preview(run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path) -> None:
    trace = tmp_path / "trace"
    asked = repository.options(command=["sh", "-c", f"echo run | tee {trace}"], stdin_filename="dump")
    assert run_module("restic_backup", asked, check=True)["changed"]
    assert not trace.exists()
    assert run_module("restic_backup", {**asked, "password": "another"}, check=True)["error"] == "wrong_password"
    assert run_module("restic_backup", asked)["changed"]
    assert trace.exists()


@CURRENT
def test_a_command_gets_the_environment_of_the_task_and_nothing_of_restic(
    run_module: ModuleRunner, repository: Repository, tmp_path: pathlib.Path
) -> None:
    asked = repository.options(command=["env"], stdin_filename="environment")
    asked["environment"] = {"AWS_SECRET_ACCESS_KEY": "canary-of-the-cloud"}
    assert run_module("restic_backup", asked, environ={"PGPASSWORD": "of-the-database"})["changed"]
    seen = repository.restic("dump", "latest", "/environment").stdout
    assert "PGPASSWORD=of-the-database" in seen
    assert not [line for line in seen.splitlines() if line.startswith(("RESTIC_", "AWS_"))]


def test_a_bucket_of_an_s3_server_is_a_place_like_any_other(
    run_module: ModuleRunner, restic: t.Any, s3: S3, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    bucket = s3.bucket(tmp_path.name.replace("_", "-")[:40].strip("-"))
    place = Repository(restic.path, restic.version, f"s3:{bucket}/moodle", tmp_path / "cache", environ=s3.environ)
    missing = run_module("restic_backup", place.options(paths=[str(source)]))
    assert (missing["failed"], missing["error"]) == (True, "no_repository")
    place = place.created()
    assert run_module("restic_backup", place.options(paths=[str(source)]))["changed"]
    result = run_module("restic_backup", place.options(command=["echo", "dump"], stdin_filename="dump"))
    assert result["changed"]
    refused = place.options(paths=[str(source)], timeout=6)
    refused["environment"] = {**s3.environ, "AWS_SECRET_ACCESS_KEY": "canary-wrong-key"}
    result = run_module("restic_backup", refused)
    assert (result["failed"], result["error"]) == (True, "forbidden")
    assert "canary-wrong-key" not in json.dumps(result)


def test_an_append_only_server_takes_backups(
    run_module: ModuleRunner, restic: t.Any, rest_server: t.Callable[..., Place], source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = rest_server(append_only=True)
    place = Repository(restic.path, restic.version, f"rest:{server.url}moodle", tmp_path / "cache").created()
    assert run_module("restic_backup", place.options(paths=[str(source)]))["changed"]
    failed = run_module("restic_backup", place.options(command=["sh", "-c", "head -c 2000000 /dev/urandom; exit 1"], stdin_filename="dump"))
    assert failed["error"] == "command_failed"
    assert len(place.snapshots()) == 1


@CURRENT
def test_reports_say_how_it_went_and_a_failure_does_not_lose_the_last_success(
    run_module: ModuleRunner, repository: Repository, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    status, metrics = tmp_path / "status.json", tmp_path / "backup.prom"
    asked = repository.options(paths=[str(source)], name='a "b"', status_file=str(status), metrics_file=str(metrics))
    assert run_module("restic_backup", asked, check=True)["changed"]
    assert not status.exists()
    result = run_module("restic_backup", asked)
    good = json.loads(status.read_text(encoding="utf-8"))
    assert (good["success"], good["error"], good["snapshot_id"]) == (True, None, result["snapshot_id"])
    assert 'campus_moodle_backup_success{backup="a \\"b\\""} 1\n' in metrics.read_text(encoding="utf-8")
    assert {stat.S_IMODE(file.stat().st_mode) for file in (status, metrics)} == {0o644}
    assert run_module("restic_backup", {**asked, "password": "another"})["failed"]
    bad = json.loads(status.read_text(encoding="utf-8"))
    assert (bad["success"], bad["error"], bad["last_success"]) == (False, "wrong_password", good["last_success"])
    numbers = {line.split("{")[0]: line.split()[-1] for line in metrics.read_text(encoding="utf-8").splitlines() if line[0] != "#"}
    assert (numbers["campus_moodle_backup_success"], numbers["campus_moodle_backup_partial"]) == ("0", "0")
    assert int(numbers["campus_moodle_backup_last_success_timestamp_seconds"]) > 0
    assert sorted(file.name for file in tmp_path.glob(".*")) == []
    assert run_module("restic_backup", {**asked, "max_age": "1h"})["changed"] is False
    assert json.loads(status.read_text(encoding="utf-8"))["success"]
    nowhere = run_module("restic_backup", {**asked, "status_file": "/no/such/folder/status.json"})
    assert (nowhere["failed"], nowhere["error"]) == (True, "invalid")


def test_no_secret_is_in_a_command_line_a_result_or_a_log(
    run_play: PlayRunner, restic: t.Any, s3: S3, source: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    bucket = s3.bucket(f"canary-{restic.version}")
    place = Repository(restic.path, restic.version, f"s3:{bucket}/moodle", tmp_path / "cache", environ=s3.environ)
    task = {"campus.moodle.restic_backup": place.options(paths=[str(source)], status_file=str(tmp_path / "status"))}
    dump = {"campus.moodle.restic_backup": place.options(command=["sh", "-c", "exit 5"], stdin_filename="dump")}
    with faults.Lookout(place.password) as passwords, faults.Lookout(s3.secret_key) as keys:
        new = run_play([{"campus.moodle.restic_repository": place.options()}, task, {**dump, "ignore_errors": True}])
        bad = run_play([{"campus.moodle.restic_backup": {**task["campus.moodle.restic_backup"], "cacert": "/no/such/file"}}])
    assert (new.rc, bad.rc) == (0, 2), new.output
    assert "us-east-1" in new.output
    for secret, seen in ((place.password, passwords), (s3.secret_key, keys)):
        assert seen.rounds > 1
        assert os.path.basename(restic.path) in seen.programs
        assert seen.found == []
        assert secret not in new.output + bad.output + (tmp_path / "status").read_text(encoding="utf-8")


@CURRENT
def test_the_examples_work(
    run_play: PlayRunner,
    examples_of: t.Callable[[str], list[dict[str, t.Any]]],
    repository: Repository,
    source: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "restic").symlink_to(repository.binary)
    # Instead of a database that it would need.
    (programs / "pg_dump").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (programs / "pg_dump").chmod(0o755)
    done = run_play(
        examples_of("restic_backup"),
        variables={
            "backup_repository": repository.url,
            "backup_password": repository.password,
            "backup_environment": {"RESTIC_CACHE_DIR": str(repository.cache)},
            "moodle_dataroot": str(source),
            "metrics_folder": str(tmp_path),
        },
        environ={"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    assert done.rc == 0, done.output
    assert [result["changed"] for result in done.results] == [True, True, False]
    assert repository.restic("dump", "latest", "/physics.dump").stdout.splitlines()[0] == "--format=custom"
    assert not any("cache" in path for path in files_in(repository, done.results[0]["snapshot_id"]))
