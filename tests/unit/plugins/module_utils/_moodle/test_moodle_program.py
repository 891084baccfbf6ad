# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The program of the site image: its answers and its failures."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import (
    MoodleProgram,
    ProgramError,
    answer_of,
    database_changed,
    program_of,
    sentences_of,
)
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

REFUSED = {"problems": [{"code": "downgrade", "sentence": "It is newer."}, {"code": "data", "sentence": "It is read-only."}]}


class Recorder:
    """Runs nothing, answers always the same, and remembers what it was asked."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.calls: list[tuple[list[str], t.Optional[str]]] = []

    def __call__(self, command: list[str], text: t.Optional[str] = None, /) -> Result:
        self.calls.append((command, text))
        return self.result


def ask(rc: int, out: str, err: str = "") -> ProgramError:
    """Return the error of a command that ended so."""
    with pytest.raises(ProgramError) as caught:
        MoodleProgram(Recorder(Result(rc, out, err)), ["docker", "exec", "php", "moodle"]).ask("settings", what="apply the settings")
    return caught.value


def test_a_request_goes_through_standard_input() -> None:
    run = Recorder(Result(0, 'a line\n{"changed": true}\n', ""))
    answer = MoodleProgram(run, ["docker", "exec"]).ask("users", "--check", what="x", request={"users": [{"password": "p"}]})
    assert answer == {"changed": True}
    assert run.calls == [(["docker", "exec", "users", "--check"], json.dumps({"users": [{"password": "p"}]}))]


@pytest.mark.parametrize(
    ("out", "answer"),
    [("", {}), ('log\n{"a": 1}\n', {"a": 1}), ("no json", {}), ("[1]", {})],
)
def test_answers_of_the_image(out: str, answer: dict[str, t.Any]) -> None:
    assert answer_of(Result(0, out, "")) == answer


def test_sentences_come_from_the_answer_or_else_from_the_log() -> None:
    assert sentences_of(Result(4, "", "log"), {"problems": [{"code": "x", "sentence": "Why."}]}) == ["Why."]
    assert sentences_of(Result(5, "", "one\n\ntwo\n"), {}) == ["one", "two"]


@pytest.mark.parametrize(
    ("rc", "out", "err", "error", "part"),
    [
        pytest.param(4, json.dumps(REFUSED), "log", "downgrade", "(refused).\n- It is newer.\n- It is read-only.", id="refused"),
        pytest.param(3, "", "No database.", "unreachable", "could not be reached).\n- No database.", id="no answer, known status"),
        pytest.param(6, "", "", "locked", "another run holds the lock", id="locked"),
        pytest.param(
            1, "", "Error: No such container: php", "runner", "docker exec php moodle settings ended with exit status 1", id="no container"
        ),
        pytest.param(0, "hello", "", "runner", "without an answer", id="another program"),
        pytest.param(9, '{"problems": ["Odd."]}', "", "moodle", "(exit status 9).\n- Odd.", id="unknown status"),
    ],
)
def test_a_failure_says_what_was_tried_what_came_back_and_its_kind(rc: int, out: str, err: str, error: str, part: str) -> None:
    failed = ask(rc, out, err)
    assert str(failed).startswith("Could not apply the settings")
    assert part in str(failed)
    assert (failed.details["error"], failed.details["exit_status"]) == (error, rc)


def test_facts_of_a_failure_reach_the_result_and_reserved_names_do_not() -> None:
    details = ask(5, '{"database_changed": true, "changed": false, "warnings": [], "problems": []}').details
    assert details["database_changed"] is True
    assert not {"changed", "warnings", "problems"} & set(details)


def test_an_image_that_is_older_than_the_collection_is_named() -> None:
    program = MoodleProgram(Recorder(Result(0, '{"changed": false}', "")), ["moodle"])
    with pytest.raises(ProgramError, match="the answer of the site image has no before, after"):
        program.ask("maintenance", "on", what="close the site", fields=["changed", "before", "after"])


def test_a_runner_that_cannot_be_started_is_named() -> None:
    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(ProgramError, match="the runner's command dokcer cannot be started: No such file"):
        MoodleProgram(run, ["dokcer", "exec"]).ask("tasks", what="look")


def test_a_program_that_does_not_read_its_request_is_run_once_and_says_why_it_failed(tmp_path: pathlib.Path) -> None:
    script = f"echo run >>{tmp_path}/runs; echo No such container. >&2; exit 1"
    with patch_module_args({"runner": ["sh", "-c", script], "chdir": None, "timeout": 60}):
        module = AnsibleModule({name: {"type": "raw"} for name in ("runner", "chdir", "timeout")})
    # More than a pipe holds, so that writing it fails for certain.
    with pytest.raises(ProgramError, match=r"without an answer(.|\n)*No such container"):
        program_of(module).ask("settings", what="apply the settings", request={"core": {"text": "x" * 1_000_000}})
    assert (tmp_path / "runs").read_text() == "run\n"


def test_without_a_runner_nothing_is_started() -> None:
    run = Recorder(Result(0, "{}", ""))
    with pytest.raises(ProgramError, match="The option runner is empty") as caught:
        MoodleProgram(run, []).ask("tasks", what="look")
    assert (caught.value.details["error"], run.calls) == ("runner", [])


@pytest.mark.parametrize(
    ("code", "answer", "changed"),
    [
        (5, {"database_changed": False}, False),
        (5, {"database_changed": True}, True),
        (5, {}, True),
        (137, {}, True),
        (4, {}, False),
        (3, {}, False),
    ],
)
def test_only_an_upgrade_that_says_so_left_the_database_alone(code: int, answer: dict[str, t.Any], changed: bool) -> None:
    assert database_changed(ProgramError("It broke.", exit_status=code, **answer)) is changed


def test_a_command_that_ran_out_of_time_may_have_changed_the_database() -> None:
    assert database_changed(ToolError("Too slow.", error="timed_out"))
