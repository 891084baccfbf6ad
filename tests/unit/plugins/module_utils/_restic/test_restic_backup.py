# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A backup's command line, its outcome, the input that only ends well, and the reports."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic import _stream as _restic_stream
from ansible_collections.campus.moodle.plugins.module_utils._restic._partial import judge, settle
from ansible_collections.campus.moodle.plugins.module_utils._restic._stream import stream
from ansible_collections.campus.moodle.plugins.module_utils._restic.backup import (
    Outcome,
    backup_arguments,
    check_sources,
    read_outcome,
    recent_snapshot,
    run_backup,
    source_paths,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic
from ansible_collections.campus.moodle.plugins.module_utils._restic.errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic.report import (
    check_places,
    last_success,
    metrics_text,
    report_of,
    status_text,
    write_report,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.snapshots import PARTIAL
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers, listing, row

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
SUMMARY_14 = '{"message_type":"summary","files_new":1,"data_added":707,"total_bytes_processed":3,"snapshot_id":"fbefbefb"}'
SUMMARY_18 = '{"message_type":"summary","files_new":1,"data_added":707,"data_added_packed":666,"snapshot_id":"297a9ddc"}'
STATUS = '{"message_type":"status","percent_done":0,"total_files":1}\n'
# Waits for the end of its input, and only then says so.
READER = ["sh", "-c", "cat > /dev/null; echo complete"]


def params(**given: t.Any) -> dict[str, t.Any]:
    """The options of the module with their defaults."""
    return {"on_partial": "fail", "missing_path": "fail", "name": "moodle", **given}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"paths": ["/a", "/b c"]}, ["--", "/a", "/b c"]),
        ({"paths": ["/a"], "tags": ["x", "y"], "host": "web1"}, ["--host=web1", "--tag=x", "--tag=y", "--", "/a"]),
        ({"paths": ["/a"], "excludes": ["-x", "*.tmp"]}, ["--exclude=-x", "--exclude=*.tmp", "--", "/a"]),
        ({"paths": ["/a"], "one_file_system": True, "exclude_caches": False}, ["--one-file-system", "--", "/a"]),
        ({"paths": ["/a"], "read_concurrency": 4, "compression": "off"}, ["--read-concurrency=4", "--compression=off", "--", "/a"]),
        ({"files_from": ["/list"], "skip_if_unchanged": True}, ["--skip-if-unchanged", "--files-from=/list"]),
        ({"paths": ["/gone", "/a"]}, ["--", "/a"]),
        ({"command": ["pg_dump"]}, []),
    ],
)
def test_options_become_arguments(given: dict[str, t.Any], words: list[str]) -> None:
    assert backup_arguments(given, missing=["/gone"]) == ["backup", "--json", *words]


def test_a_preview_is_a_dry_run() -> None:
    assert backup_arguments({"paths": ["/a"]}, dry_run=True) == ["backup", "--json", "--dry-run", "--", "/a"]


@pytest.mark.parametrize(
    ("rc", "out", "err", "errors", "missing"),
    [
        (0, SUMMARY_14, "", [], []),
        (0, STATUS + SUMMARY_18, "", [], []),
        (0, SUMMARY_14, "/gone does not exist, skipping\n", [], ["/gone"]),
        (0, SUMMARY_18, 'pattern "/x*" does not match any files, skipping\n', [], ["/x*"]),
        (
            3,
            SUMMARY_14,
            '{"message_type":"error","error":{},"during":"archival","item":"/a"}',
            [("/a", "could not be read (archival)")],
            [],
        ),
        (3, SUMMARY_18, '{"message_type":"error","error":{"message":"denied"},"item":"/a"}', [("/a", "denied")], []),
        (3, SUMMARY_18, "", [("", "restic could not read everything.")], []),
    ],
)
def test_an_outcome_is_read(rc: int, out: str, err: str, errors: list[tuple[str, str]], missing: list[str]) -> None:
    outcome = read_outcome(Result(rc, out, err))
    assert (outcome.changed, outcome.snapshot_id) == (True, "fbefbefb" if out.endswith(SUMMARY_14) else "297a9ddc")
    assert [(error["item"], error["message"]) for error in outcome.errors] == errors
    assert list(outcome.missing) == missing
    assert outcome.summary["data_added"] == 707
    assert "snapshot_id" not in outcome.summary


def test_a_snapshot_of_a_dry_run_is_none() -> None:
    assert read_outcome(Result(0, SUMMARY_14, ""), dry_run=True).snapshot_id is None


def test_no_snapshot_is_no_change_only_where_that_was_asked_for() -> None:
    result = Result(0, '{"message_type":"summary","files_new":0}', "")
    assert read_outcome(result, skipping=True) == Outcome(changed=False, summary={"files_new": 0}, errors=[], missing=[])
    with pytest.raises(ResticError, match="made no snapshot"):
        read_outcome(result)


def test_success_without_a_summary_is_a_failure() -> None:
    with pytest.raises(ResticError, match="printed no summary"):
        read_outcome(Result(0, "snapshot 297a9ddc saved", ""))


@pytest.mark.parametrize(
    ("outcome", "given", "error"),
    [
        (Outcome(True, "1", errors=[{"item": "/a", "message": "denied"}]), {}, "partial"),
        (Outcome(True, "1", missing=["/x*"]), {}, "missing_path"),
        (Outcome(True, "1", missing=["/x*"]), {"on_partial": "warn"}, "missing_path"),
    ],
)
def test_a_snapshot_that_lacks_something_is_a_failure(outcome: Outcome, given: dict[str, str], error: str) -> None:
    with pytest.raises(ToolError, match="The snapshot 1 exists without it") as caught:
        judge(outcome, params(**given))
    assert caught.value.details == {"error": error}


LACKING = Outcome(True, "0101", errors=[{"item": "/a", "message": "denied"}])
MARK = f"--add={PARTIAL}"


@pytest.mark.parametrize(("version", "patience"), [("0.14.0", "--no-lock"), ("0.18.1", "--retry-lock=1m")])
def test_a_refused_snapshot_is_marked_and_has_another_id_then(version: str, patience: str) -> None:
    marked = row(2, tags=[PARTIAL], original="01" * 32)
    fake = Answers("", json.dumps([row(3, tags=[PARTIAL], original="03" * 32), marked]), version=version)
    with pytest.raises(ToolError, match="restic could not read /a") as caught:
        settle(fake.restic, LACKING, params())
    assert caught.value.details == {"error": "partial", "snapshot_id": "02" * 32}
    assert fake.commands[0] == ["tag", MARK, patience, "0101"]


def test_a_snapshot_that_is_accepted_or_does_not_exist_is_not_marked() -> None:
    fake = Answers()
    assert settle(fake.restic, LACKING, params(on_partial="warn")) == ["restic could not read /a. The snapshot is without it."]
    with pytest.raises(ToolError, match="No snapshot would have it"):
        settle(fake.restic, Outcome(True, errors=LACKING.errors), params())
    assert fake.commands == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Result(11, "", "repository is already locked by PID 7 on host by root")], "the repository is locked by process 7"),
        (["", listing(1)], "reported success, but snapshot 0101 has no new tag"),
    ],
)
def test_a_refused_snapshot_without_a_mark_is_said(answers: list[str | Result], why: str) -> None:
    with pytest.raises(ToolError, match=f"restic could not read /a.*could not be marked as partial, .*{why}") as caught:
        settle(Answers(*answers).restic, LACKING, params())
    assert caught.value.details == {"error": "partial"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([row(1)], True),
        ([row(1, tags=[PARTIAL], original="09" * 32)], False),
        # Where nothing may be deleted the one without the mark stays.
        ([row(1), row(1, id="09" * 32, tags=[PARTIAL], original="01" * 32)], False),
        ([row(1), row(2, tags=[PARTIAL], original="09" * 32)], True),
    ],
)
def test_a_snapshot_that_was_refused_is_no_recent_one(rows: list[dict[str, t.Any]], found: bool) -> None:
    fake = Answers(json.dumps(rows))
    now = datetime.datetime(2026, 10, 2, 12, tzinfo=datetime.timezone.utc)
    recent = recent_snapshot(fake.restic, params(paths=["/srv/data"], host="moodle", max_age="7d"), now)
    assert (recent.id if recent else None) == ("01" * 32 if found else None)


def test_what_may_be_missing_is_a_warning() -> None:
    outcome = Outcome(True, "1", errors=[{"item": "/a", "message": "denied"}], missing=["/b"])
    assert judge(outcome, params(on_partial="warn", missing_path="warn")) == [
        "restic could not read /a. The snapshot is without it.",
        "These sources do not exist: /b. The snapshot is without it.",
    ]
    assert judge(Outcome(True, "1"), params()) == []


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"paths": ["data"]}, "invalid"),
        ({"paths": ["/"], "tags": ["a,b"]}, "invalid"),
        ({"paths": ["/"], "tags": [""]}, "invalid"),
        ({"command": ["no-such-program"]}, "command_failed"),
        ({"paths": ["/", "/no/such"]}, "missing_path"),
        ({"paths": ["/no/such"], "missing_path": "warn"}, "missing_path"),
        ({"files_from": ["/no/such"], "missing_path": "warn"}, "missing_path"),
    ],
)
def test_sources_that_cannot_be_backed_up_are_refused(given: dict[str, t.Any], error: str) -> None:
    with pytest.raises(ToolError) as caught:
        check_sources(params(**given))
    assert caught.value.details["error"] == error


def test_a_link_that_leads_nowhere_is_there(tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to("/no/such")
    assert check_sources(params(paths=[str(tmp_path / "link")])) == []


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"paths": ["/a/", "/b/../c"]}, ["/a", "/c"]),
        ({"command": ["x"], "stdin_filename": "db/site.dump"}, ["/db/site.dump"]),
        ({"command": ["x"], "stdin_filename": "/site.dump"}, ["/site.dump"]),
        ({"paths": ["/a"], "files_from": ["/list"]}, []),
    ],
)
def test_the_paths_of_a_snapshot_are_known_before_it_is_made(given: dict[str, t.Any], paths: list[str]) -> None:
    assert source_paths(given) == paths


def test_an_age_asks_for_snapshots_and_without_one_restic_is_started_once() -> None:
    asked: list[list[str]] = []

    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        asked.append(command[1:])
        rows = [{"id": "1", "time": "2026-11-21T11:00:00Z", "hostname": "web1", "paths": ["/", "/etc"]}]
        return Result(0, json.dumps(rows) if "snapshots" in command else SUMMARY_18, "")

    def outcome(**given: t.Any) -> Outcome:
        return run_backup(Restic(run), params(paths=["/etc", "/"], host="web1", **given), check=False, now=NOW)

    assert outcome().changed
    assert [command[0] for command in asked] == ["backup"]
    young = outcome(max_age="2h")
    assert (young.changed, young.snapshot_id, [command[:2] for command in asked[1:]]) == (False, "1", [["--json", "snapshots"]])
    assert outcome(max_age="30m").changed
    with pytest.raises(ToolError, match="is no age"):
        outcome(max_age="soon")


def run_stream(writer: list[str], reader: list[str], timeout: float = 0) -> t.Any:
    """Stream with the environment of the test."""
    return stream(writer, reader, writer_environ=os.environ, reader_environ=os.environ, timeout=timeout)


def test_the_reader_gets_every_byte_and_the_end_of_a_good_writer(tmp_path: pathlib.Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "in").write_bytes(content)
    done = run_stream(["cat", str(tmp_path / "in")], ["sh", "-c", f'cat > "{tmp_path}/out"; echo complete; echo told >&2'])
    assert (done.reader, done.size, done.interrupted) == (Result(0, "complete\n", "told\n"), len(content), False)
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize(
    ("script", "rc"),
    [
        ("exit 3", 3),
        ("head -c 3000000 /dev/zero; echo no space >&2; exit 4", 4),
        ("head -c 3000000 /dev/zero; kill -9 $$", -9),
        ("true", 0),
    ],
    ids=["at once", "late", "killed", "nothing printed"],
)
def test_the_reader_never_sees_the_end_of_a_bad_writer(script: str, rc: int) -> None:
    done = run_stream(["sh", "-c", script], READER)
    assert (done.writer.rc, done.reader.out, done.interrupted, done.timed_out) == (rc, "", True, False)
    assert ("no space" in done.writer.err) == (rc == 4)


def test_a_writer_that_closes_its_output_is_waited_for() -> None:
    assert run_stream(["sh", "-c", "echo data; exec >&-; sleep 0.3; exit 5"], READER).reader.out == ""
    assert run_stream(["sh", "-c", "echo data; exec >&-; sleep 0.3"], READER).reader.out == "complete\n"


def test_a_reader_that_ends_early_ends_the_writer() -> None:
    done = run_stream(["sh", "-c", "echo data; exec sleep 600"], ["sh", "-c", "echo wrong password >&2; exit 12"])
    assert (done.reader, done.interrupted) == (Result(12, "", "wrong password\n"), False)


def test_both_are_ended_after_their_time() -> None:
    done = run_stream(["sh", "-c", "echo data; exec sleep 600"], READER, timeout=1)
    assert (done.timed_out, done.reader.out) == (True, "")


def test_an_end_by_force_at_the_limit_is_one_by_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_restic_stream, "GRACE_SECONDS", 1)
    stubborn = "trap '' INT; echo data; sleep 600"
    done = run_stream(["sh", "-c", stubborn], ["sh", "-c", "trap '' INT; cat > /dev/null; echo complete"], timeout=1)
    assert (done.writer.rc, done.timed_out, done.reader.out) == (-9, True, "")


def test_an_end_by_force_before_the_limit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_restic_stream, "GRACE_SECONDS", 3)
    # The reader has to be ended by force because of the writer, and that takes longer than its limit.
    done = run_stream(["sh", "-c", "kill -9 $$"], ["sh", "-c", "trap '' INT; cat > /dev/null; sleep 600"], timeout=2)
    assert (done.writer.rc, done.timed_out, done.interrupted) == (-9, False, True)


def test_the_reader_never_sees_the_end_when_we_are_killed(tmp_path: pathlib.Path) -> None:
    reached, pipe = tmp_path / "reached", tmp_path / "pipe"
    os.mkfifo(pipe)
    program = (
        "import os, sys\n"
        "from ansible_collections.campus.moodle.plugins.module_utils._restic._stream import stream\n"
        "stream(sys.argv[1:4], sys.argv[4:], writer_environ=os.environ, reader_environ=os.environ)\n"
    )
    writer = ["sh", "-c", f'head -c 3000000 /dev/zero; echo > "{reached}"; exec sleep 600']
    reader = ["sh", "-c", f'exec > "{pipe}"; cat > /dev/null && echo complete']
    process = subprocess.Popen([sys.executable, "-c", program, *writer, *reader])
    with pipe.open("rb") as said:
        while not reached.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        # This ends when the reader has ended.
        assert said.read() == b""


def test_a_report_has_numbers_and_no_text_of_a_program(tmp_path: pathlib.Path) -> None:
    result = {"snapshot_id": "297a9ddc", "summary": {"data_added": 707, "total_files_processed": 2}, "stderr": "secret"}
    report = report_of(result, params(name='a "b"'), NOW, NOW + datetime.timedelta(seconds=2.5))
    assert json.loads(status_text(report)) == {
        "name": 'a "b"',
        "success": True,
        "error": None,
        "partial": False,
        "snapshot_id": "297a9ddc",
        "started": "2026-11-21T12:00:00+00:00",
        "finished": "2026-11-21T12:00:02+00:00",
        "last_success": "2026-11-21T12:00:00+00:00",
        "summary": {"data_added": 707, "total_files_processed": 2},
    }
    lines = [line for line in metrics_text(report).splitlines() if not line.startswith("#")]
    assert 'campus_moodle_backup_last_success_timestamp_seconds{backup="a \\"b\\""} 1795262400' in lines
    assert 'campus_moodle_backup_duration_seconds{backup="a \\"b\\""} 2.5' in lines
    assert 'campus_moodle_backup_added_bytes{backup="a \\"b\\""} 707' in lines


@pytest.mark.parametrize("option", ["status_file", "metrics_file"])
def test_a_failure_keeps_the_time_of_the_last_success(tmp_path: pathlib.Path, option: str) -> None:
    given = params(**{option: str(tmp_path / "report")})
    write_report(report_of({}, given, NOW, NOW), given)
    later = NOW + datetime.timedelta(days=1)
    write_report(report_of({"error": "locked"}, given, later, later), given)
    assert last_success([given[option]]) == NOW
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report"]
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o644


def test_a_young_snapshot_is_the_last_success_and_a_broken_file_is_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "report").write_text("[broken", encoding="utf-8")
    given = params(status_file=str(tmp_path / "report"))
    assert last_success([given["status_file"], None, "/no/such"]) is None
    assert report_of({"snapshot_time": "2026-11-20T12:00:00+00:00"}, given, NOW, NOW).good == NOW - datetime.timedelta(days=1)
    assert report_of({"error": "locked"}, given, NOW, NOW).good is None


def test_a_report_without_a_folder_is_refused_before_the_backup() -> None:
    check_places([None, "/tmp/status"])
    with pytest.raises(ToolError, match=r"The folder of /no/such/status does not exist"):
        check_places(["/no/such/status"])
