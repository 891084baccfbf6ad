# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A backup: its command line, its outcome, and a snapshot that lacks something."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic._outcome import Outcome, accept, check_completeness, read_outcome
from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import PARTIAL
from ansible_collections.campus.moodle.plugins.module_utils._restic.backup import (
    backup_arguments,
    check_sources,
    make_backup,
    recent_snapshot,
    run,
    source_paths,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers, listing, row

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
SUMMARY_14 = '{"message_type":"summary","files_new":1,"data_added":707,"total_bytes_processed":3,"snapshot_id":"fbefbefb"}'
SUMMARY_18 = '{"message_type":"summary","files_new":1,"data_added":707,"data_added_packed":666,"snapshot_id":"297a9ddc"}'
STATUS = '{"message_type":"status","percent_done":0,"total_files":1}\n'


def params(**given: t.Any) -> dict[str, t.Any]:
    """The options of the module with their defaults."""
    return {"on_partial": "fail", "missing_path": "fail", "name": "moodle", "status_file": None, "metrics_file": None, **given}


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


def test_no_snapshot_is_no_change_only_where_that_was_requested() -> None:
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
        check_completeness(outcome, params(**given))
    assert caught.value.details == {"error": error}


LACKING = Outcome(True, "0101", errors=[{"item": "/a", "message": "denied"}])
MARK = f"--add={PARTIAL}"


@pytest.mark.parametrize(("version", "patience"), [("0.14.0", "--no-lock"), ("0.18.1", "--retry-lock=1m")])
def test_a_refused_snapshot_is_marked_and_has_another_id_then(version: str, patience: str) -> None:
    marked = row(2, tags=[PARTIAL], original="01" * 32)
    fake = Answers("", json.dumps([row(3, tags=[PARTIAL], original="03" * 32), marked]), version=version)
    with pytest.raises(ToolError, match="restic could not read /a") as caught:
        accept(fake.restic, LACKING, params())
    assert caught.value.details == {"error": "partial", "snapshot_id": "02" * 32}
    assert fake.commands[0] == ["tag", MARK, patience, "0101"]


def test_a_snapshot_that_is_accepted_or_does_not_exist_is_not_marked() -> None:
    fake = Answers()
    assert accept(fake.restic, LACKING, params(on_partial="warn")) == ["restic could not read /a. The snapshot is without it."]
    with pytest.raises(ToolError, match="No snapshot would have it"):
        accept(fake.restic, Outcome(True, errors=LACKING.errors), params())
    assert fake.commands == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Result(11, "", "repository is already locked by PID 7 on host by root")], "the repository is locked by process 7"),
        (["", listing(1)], "reported success, but snapshot 0101 has no new tag"),
    ],
)
def test_a_refused_snapshot_without_a_mark_is_reported(answers: list[str | Result], why: str) -> None:
    with pytest.raises(ToolError, match=f"restic could not read /a.*could not be marked as partial, .*{why}") as caught:
        accept(Answers(*answers).restic, LACKING, params())
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
def test_a_snapshot_that_was_refused_is_not_a_recent_one(rows: list[dict[str, t.Any]], found: bool) -> None:
    fake = Answers(json.dumps(rows))
    now = datetime.datetime(2026, 10, 2, 12, tzinfo=datetime.timezone.utc)
    recent = recent_snapshot(fake.restic, params(paths=["/srv/data"], host="moodle", max_age="7d"), now)
    assert (recent.id if recent else None) == ("01" * 32 if found else None)


def test_what_may_be_missing_is_a_warning() -> None:
    outcome = Outcome(True, "1", errors=[{"item": "/a", "message": "denied"}], missing=["/b"])
    assert check_completeness(outcome, params(on_partial="warn", missing_path="warn")) == [
        "restic could not read /a. The snapshot is without it.",
        "These sources do not exist: /b. The snapshot is without it.",
    ]
    assert check_completeness(Outcome(True, "1"), params()) == []


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


def test_an_age_needs_the_snapshots_and_without_one_restic_is_started_once() -> None:
    commands: list[list[str]] = []

    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        commands.append(command[1:])
        rows = [{"id": "1", "time": "2026-11-21T11:00:00Z", "hostname": "web1", "paths": ["/", "/etc"]}]
        return Result(0, json.dumps(rows) if "snapshots" in command else SUMMARY_18, "")

    def outcome(**given: t.Any) -> Outcome:
        return make_backup(Restic(run), params(paths=["/etc", "/"], host="web1", **given), check_mode=False, now=NOW)

    assert outcome().changed
    assert [command[0] for command in commands] == ["backup"]
    young = outcome(max_age="2h")
    assert (young.changed, young.snapshot_id, [command[:2] for command in commands[1:]]) == (False, "1", [["--json", "snapshots"]])
    assert outcome(max_age="30m").changed
    with pytest.raises(ToolError, match="is not a valid age"):
        outcome(max_age="soon")


def test_a_failure_has_what_is_known_and_is_reported(tmp_path: pathlib.Path) -> None:
    given = params(paths=[str(tmp_path)], status_file=str(tmp_path / "status"))
    fake = Answers(Result(12, "", "Fatal: wrong password or no key found"))
    with pytest.raises(ToolError, match="no key of the repository fits") as caught:
        run(lambda **_: fake.restic, given, check_mode=False, warn=pytest.fail)
    details = caught.value.details
    assert (details["error"], details["changed"], details["errors"], details["missing"]) == ("wrong_password", False, [], [])
    assert json.loads((tmp_path / "status").read_text(encoding="utf-8"))["error"] == "wrong_password"


def test_a_programming_error_leaves_no_report_of_a_success(tmp_path: pathlib.Path) -> None:
    given = params(paths=[str(tmp_path)], status_file=str(tmp_path / "status"))
    fake = Answers(json.dumps({"message_type": "summary", "snapshot_id": 1, "data_added": None}))
    del given["on_partial"]
    with pytest.raises(KeyError):
        run(lambda **_: fake.restic, given, check_mode=False, warn=pytest.fail)
    assert not (tmp_path / "status").exists()
