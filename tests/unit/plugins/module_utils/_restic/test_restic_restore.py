# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Restoring: arguments, how a target differs, what a failed restore left, assertions, and the directory of a rehearsal.

The outputs are those of restic 0.14.0 and 0.18.1 (November 2026).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._drill import check_assertions, drill_folder, require_space
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic._restoration import Request, Restoration, restore_arguments
from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import PARTIAL, find_snapshot, read_filter
from ansible_collections.campus.moodle.plugins.module_utils._restic._target import Difference, compare, is_empty, read_events
from ansible_collections.campus.moodle.plugins.module_utils._restic._unfinished import distrust, files_in
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic
from ansible_collections.campus.moodle.plugins.module_utils._restic.restore import check_target
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers, listing, row, snapshot

ONE = snapshot(1)
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory with two files, of which restic would report that they are there."""
    folder = tmp_path / "target"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "one").write_text("one", encoding="utf-8")
    (folder / "two").write_text("two", encoding="utf-8")
    return folder


def event(action: str, item: str, size: int = 0) -> str:
    return json.dumps({"message_type": "verbose_status", "action": action, "item": item, "size": size})


def node(path: str, kind: str = "file", size: int = 0, modified: str = "2026-10-01T00:00:00Z") -> str:
    return json.dumps({"struct_type": "node", "path": path, "type": kind, "size": size, "mtime": modified})


def summary(**numbers: int) -> str:
    return json.dumps({"message_type": "summary", **numbers})


def test_the_arguments_of_a_restore_and_of_its_preview() -> None:
    request = Request("/t", "/srv", ("*.sql",), ("*.log",), "if-newer", delete=True, verify=True)
    common = ["restore", f"{ONE.id}:/srv", "--target", "/t", "--json", "--include", "*.sql", "--exclude", "*.log"]
    assert restore_arguments(ONE, request, machine=True) == [*common, "--overwrite", "if-newer", "--delete", "--verify"]
    preview = restore_arguments(ONE, request, machine=True, dry_run=True)
    assert preview == [*common, "--overwrite", "if-newer", "--delete", "--dry-run", "--no-lock"]
    # Size and time are no proof of the content.
    assert restore_arguments(ONE, Request("/t", overwrite="if-changed", verify=True))[4:] == ["--overwrite", "always", "--verify"]
    assert restore_arguments(ONE, Request("/t")) == ["restore", ONE.id, "--target", "/t"]


@pytest.mark.parametrize(
    ("given", "confirmed", "error"),
    [
        (Request("relative"), None, "invalid"),
        (Request("/etc/hostname"), None, "invalid"),
        (Request("/"), None, "dangerous_target"),
        (Request("/tmp/.."), None, "dangerous_target"),
        (Request("/", overwrite="always", delete=True), "/", "dangerous_target"),
        (Request("/t", overwrite="always", delete=True), None, "not_confirmed"),
        (Request("/t", overwrite="always", delete=True), "/t2", "not_confirmed"),
    ],
)
def test_a_target_that_must_not_be_written_to_is_refused(given: Request, confirmed: t.Optional[str], error: str) -> None:
    with pytest.raises(ResticError, match="Nothing was restored") as caught:
        check_target(given, confirmed)
    assert caught.value.error == error


@pytest.mark.parametrize("given", [Request("/t"), Request("/", overwrite="never"), Request("/t", overwrite="always", delete=True)])
def test_other_targets_are_let_through(given: Request) -> None:
    check_target(given, "/t")


def test_a_new_file_system_counts_as_empty(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lost+found").mkdir()
    assert is_empty(str(tmp_path))
    assert is_empty(str(tmp_path / "missing"))
    (tmp_path / ".hidden").touch()
    assert not is_empty(str(tmp_path))


def test_events_tell_what_is_missing_different_and_superfluous(target: pathlib.Path) -> None:
    lines = [
        # Directories and links are always written again.
        event("restored", "/a"),
        event("unchanged", "/a/one", 3),
        event("updated", "/two", 3),
        event("restored", "/three", 5),
        event("restored", "/b"),
        event("deleted", f"{target}/extra"),
        '{"message_type":"status","percent_done":1}',
        "Load(<data/1>) failed",
    ]
    assert read_events(lines, str(target)) == Difference(2, 2, 8, ("/two",), ("/extra",), absent=("/three", "/b"))


def test_a_file_in_the_place_of_another_kind_is_different(target: pathlib.Path) -> None:
    assert read_events([event("restored", "/a", 9)], str(target)).different == ("/a",)


def test_the_entries_of_a_snapshot_are_compared_with_a_target(target: pathlib.Path) -> None:
    nanoseconds = 1_790_000_000_123_456_789
    os.utime(target / "two", ns=(nanoseconds, nanoseconds))
    modified = "2026-09-21T14:13:20.123456789Z"
    same = [row(1, struct_type="snapshot"), node("/a", "dir"), node("/two", size=3, modified=modified)]
    lines = [one if isinstance(one, str) else json.dumps(one) for one in same]
    assert compare(lines, str(target)) == Difference(same=2)
    changed = [node("/two", size=4, modified=modified), node("/a", "symlink"), node("/new", size=7), node("/a/one", "dir")]
    assert compare(changed, str(target)) == Difference(missing=1, bytes=11, different=("/a", "/a/one", "/two"))
    assert compare([node("/two", size=3, modified="2026-09-21T14:13:21Z")], str(target)).different == ("/two",)


def test_a_preview_of_an_empty_target_needs_only_a_summary(tmp_path: pathlib.Path) -> None:
    fake = Answers(summary(total_files=8, files_restored=8, total_bytes=900))
    assert Restoration(fake.restic, ONE, Request(str(tmp_path))).preview() == Difference(missing=8, bytes=900)
    assert "--verbose=2" not in fake.commands[0]


@pytest.mark.parametrize("version", ["0.14.0", "0.18.1"])
def test_a_target_with_other_content_is_refused_by_every_version(target: pathlib.Path, version: str) -> None:
    lines = {"0.14.0": node("/two", size=9), "0.18.1": event("updated", "/two", 9)}
    fake = Answers(lines[version], version=version)
    with pytest.raises(ResticError, match=r"not empty and differs from the snapshot \(missing: 0, different: 1\)") as caught:
        Restoration(fake.restic, ONE, Request(str(target))).preview()
    assert caught.value.error == "target_not_empty"


def test_an_old_version_cannot_compare_a_part(target: pathlib.Path) -> None:
    fake = Answers(version="0.14.0")
    with pytest.raises(ResticError, match="cannot be compared with a part of a snapshot by this restic"):
        Restoration(fake.restic, ONE, Request(str(target), include=("two",))).preview()
    assert not fake.commands


def test_the_numbers_of_an_old_version_are_a_bound_for_a_part(tmp_path: pathlib.Path) -> None:
    fake = Answers(node("/two", size=9), version="0.14.0")
    assert Restoration(fake.restic, ONE, Request(str(tmp_path), exclude=("x",))).preview() == Difference(missing=1, bytes=9, exact=False)


@pytest.mark.parametrize(("version", "said"), [("0.14.0", "restoring <Snapshot>"), ("0.18.1", summary(total_files=0))])
def test_a_restore_of_nothing_is_no_success(tmp_path: pathlib.Path, version: str, said: str) -> None:
    with pytest.raises(ResticError, match="no entry of it matches") as caught:
        Restoration(Answers(said, version=version).restic, ONE, Request(str(tmp_path), include=("typo",))).restore()
    assert caught.value.error == "nothing_restored"


RETRY = "Load(<data/d366847040>, 900194, 0) returned error, retrying after 552.330144ms: open /r/data/d3/d366: no such file or directory\n"
OLD_DAMAGE = RETRY + (
    "ignoring error for /two: StreamPack: open /r/data/d3/d366: no such file or directory\n"
    "ignoring error for /two: UtimesNano: no such file or directory\nFatal: There were 2 errors\n"
)
NEW_DAMAGE = "\n".join(
    [
        "Load(<data/d58eda6b76>, 900194, 0) failed: file is too short",
        '{"message_type":"error","error":{"message":"ReadFull(<data/d58eda6b76>): file is too short"},"during":"restore","item":"/two"}',
        '{"message_type":"error","error":{"message":"lchown /t/two: no such file or directory"},"during":"restore","item":"/two"}',
        '{"message_type":"exit_error","code":1,"message":"Fatal: There were 2 errors\\n"}',
    ]
)
FULL = '{"message_type":"error","error":{"message":"write /t/two: no space left on device"},"during":"restore","item":"/two"}\n'


@pytest.mark.parametrize(
    ("version", "result", "error"),
    [
        ("0.14.0", Result(1, "restoring <Snapshot>", OLD_DAMAGE), "damaged"),
        ("0.14.0", Result(1, "", "ignoring error for /two: ciphertext verification failed\nFatal: There were 1 errors\n"), "damaged"),
        (
            "0.14.0",
            Result(1, "", "ignoring error for /two: write /t/two: no space left on device\nFatal: There were 1 errors\n"),
            "disk_full",
        ),
        ("0.18.1", Result(1, summary(total_files=8, files_restored=4), NEW_DAMAGE), "damaged"),
        ("0.18.1", Result(1, "", FULL + '{"message_type":"exit_error","code":1,"message":"Fatal: There were 1 errors\\n"}'), "disk_full"),
    ],
)
def test_a_restore_that_left_something_out_reports_what_is_there(tmp_path: pathlib.Path, version: str, result: Result, error: str) -> None:
    def write(command: list[str], text: t.Optional[str] = None, /) -> Result:
        if command[1] == "version":
            return Result(0, f"restic {version} compiled with go", "")
        (tmp_path / "one").write_text("one", encoding="utf-8")
        (tmp_path / "two").write_text("t", encoding="utf-8")
        return result

    with pytest.raises(ResticError, match=r"not restored completely to .*: 1 entries failed \(/two: .*, and 1 entries are there") as caught:
        Restoration(Restic(write), ONE, Request(str(tmp_path))).restore()
    details = caught.value.details
    assert (details["error"], details["failed_paths"], details["num_failed"]) == (error, ["/two"], 1)
    assert (details["entries"], details["bytes"]) == (1, 3)


def test_a_failed_file_is_removed_when_this_restore_made_it_and_else_gets_an_old_time(target: pathlib.Path) -> None:
    (target / "link").symlink_to("two")
    (target / "a" / "again").hardlink_to(target / "a" / "one")
    items = ["/two", "/a/one", "/a", "/link", "/lost", "/two/below", "/../outside"]
    assert distrust(str(target), items, {"/a/one", "/a", "/link"}) == []
    assert sorted(files_in(str(target))) == ["/a/again", "/link", "/two"]
    assert [(target / name).stat().st_mtime_ns for name in ("two", "a/again")] == [1, 1]


def test_what_is_in_a_target_that_was_not_empty_is_not_counted(target: pathlib.Path) -> None:
    with pytest.raises(ResticError, match="1 entries failed") as caught:
        Restoration(Answers(Result(1, "", NEW_DAMAGE)).restic, ONE, Request(str(target), overwrite="always")).restore()
    assert "entries" not in caught.value.details


def test_a_restore_that_only_removes_is_one(target: pathlib.Path) -> None:
    fake = Answers(summary(total_files=0, files_deleted=1))
    assert Restoration(fake.restic, ONE, Request(str(target), overwrite="always", delete=True)).restore() is None


def test_a_target_that_cannot_be_written_to_is_no_damage(tmp_path: pathlib.Path) -> None:
    said = RETRY + "ignoring error for /data/x: open /t/data/x: read-only file system\n"
    with pytest.raises(ResticError, match="read-only file system") as caught:
        Restoration(Answers(Result(1, "", said), version="0.14.0").restic, ONE, Request(str(tmp_path))).restore()
    assert caught.value.error == "failed"


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (Result(12, "", "Fatal: wrong password or no key found"), "wrong_password"),
        (Result(1, "", '{"message_type":"exit_error","code":1,"message":"path nope: not found"}'), "no_path"),
        (Result(2, "", "creating restorer failed: load <tree/1a2b>: ciphertext verification failed"), "damaged"),
        (Result(1, "", "Fatal: something unknown"), "failed"),
    ],
)
def test_a_restore_that_did_not_begin_is_named_by_its_cause(tmp_path: pathlib.Path, result: Result, error: str) -> None:
    with pytest.raises(ResticError) as caught:
        Restoration(Answers(result).restic, ONE, Request(str(tmp_path), "/nope")).restore()
    assert caught.value.error == error


@pytest.mark.parametrize(("name", "found"), [("latest", "02"), ("0101", "01")])
def test_a_snapshot_is_found_by_the_beginning_of_its_id_or_as_the_newest(name: str, found: str) -> None:
    one, warning = find_snapshot(Answers(listing(2, 1)).restic, name, read_filter(None), NOW)
    assert (one.id[:2], warning) == (found, "")


def test_the_newest_snapshot_is_none_from_the_future() -> None:
    at = datetime.datetime(2026, 10, 2, tzinfo=datetime.timezone.utc)
    assert find_snapshot(Answers(listing(1, 3)).restic, "latest", read_filter(None), at)[0].id[:2] == "01"


def test_a_partial_snapshot_is_restored_only_by_its_id_and_with_a_warning() -> None:
    rows = json.dumps([row(1), row(2, original="ff" * 32), row(3, original="ff" * 32, tags=[PARTIAL])])
    assert find_snapshot(Answers(rows).restic, "latest", read_filter(None), NOW)[0].id[:2] == "01"
    for name in ("02", "03"):
        one, warning = find_snapshot(Answers(rows).restic, name, read_filter(None), NOW)
        assert (one.id[:2], warning.split(" when")[0]) == (name, f"Snapshot {name * 4} was refused as partial")
    with pytest.raises(ResticError, match="1 snapshots in all, of which 1 were refused as partial"):
        find_snapshot(Answers(json.dumps([row(3, tags=[PARTIAL])])).restic, "latest", read_filter(None), NOW)


@pytest.mark.parametrize(
    ("name", "hosts", "what"),
    [
        ("latest", ["other"], "no snapshot with hosts other"),
        ("ff", [], "no snapshots whose id begins with 'ff'"),
        ("0", [], "2 snapshots whose"),
        ("", [], "no snapshots whose"),
    ],
)
def test_a_snapshot_that_is_not_there_is_named(name: str, hosts: list[str], what: str) -> None:
    with pytest.raises(ResticError, match=f"/srv/backup has {what}") as caught:
        find_snapshot(Answers(listing(1, 2)).restic, name, read_filter({"hosts": hosts}), NOW)
    assert caught.value.error == "no_snapshot"


def assertions(**expected: t.Any) -> dict[str, t.Any]:
    return {"paths": [], "min_files": None, "min_bytes": None, "sha256": {}, "command": None, **expected}


def answer(rc: int) -> t.Callable[..., Result]:
    return lambda command, text=None: Result(rc, "", f"{command[0]} said no")


@pytest.mark.parametrize(
    ("expected", "sentences"),
    [
        ({"paths": ["a/one", "/two"], "min_files": 2, "min_bytes": 6, "sha256": {"two": hashlib.sha256(b"two").hexdigest().upper()}}, []),
        ({"paths": ["lost", "a"]}, ["lost is missing."]),
        ({"min_files": 3}, ["There are 2 files, and 3 are expected at least."]),
        ({"min_bytes": 7}, ["There are 6 bytes, and 7 are expected at least."]),
        (
            {"sha256": {"a": "00", "link": "00"}},
            ["a is not a file, so its content was not compared.", "link is not a file, so its content was not compared."],
        ),
        ({"sha256": {"two": "00"}}, [f"two has the SHA-256 checksum {hashlib.sha256(b'two').hexdigest()}, and not 00."]),
        ({"command": ["check", "it"]}, ["The command check failed with exit status 1: check said no"]),
    ],
)
def test_assertions_name_all_that_does_not_hold(target: pathlib.Path, expected: dict[str, t.Any], sentences: list[str]) -> None:
    (target / "link").symlink_to("two")
    assert check_assertions(str(target), assertions(**expected), answer(1)) == sentences


def test_a_command_that_cannot_be_started_is_a_failed_assertion(target: pathlib.Path) -> None:
    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        raise FileNotFoundError(2, "No such file or directory")

    assert "No such file" in check_assertions(str(target), assertions(command=["lost"]), run)[0]


def test_a_rehearsal_is_removed_after_a_failure_and_with_read_only_directories(tmp_path: pathlib.Path) -> None:
    def rehearse() -> None:
        with drill_folder(str(tmp_path)) as folder:
            (pathlib.Path(folder) / "a").mkdir()
            (pathlib.Path(folder) / "a" / "file").touch()
            (pathlib.Path(folder) / "a").chmod(0o500)
            raise ResticError("no", error="failed")

    with pytest.raises(ResticError, match="no"):
        rehearse()
    assert not list(tmp_path.iterdir())


def test_a_rehearsal_needs_room(tmp_path: pathlib.Path) -> None:
    require_space(str(tmp_path), Difference(bytes=1))
    # A bound says nothing about what is needed.
    require_space(str(tmp_path), Difference(bytes=1 << 60, exact=False))
    with pytest.raises(ResticError, match="Nothing was restored") as caught:
        require_space(str(tmp_path), Difference(bytes=1 << 60))
    assert caught.value.error == "disk_full"
    with pytest.raises(ResticError, match="is not a directory"):
        require_space(str(tmp_path / "lost"), Difference())
