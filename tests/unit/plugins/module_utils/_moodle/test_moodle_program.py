# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The program of the site image: its answers, its failures, and what modules make of both."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import (
    MoodleProgram,
    ProgramError,
    answer_of,
    confirm,
    database_changed,
    difference,
    given,
    sentences_of,
)
from ansible_collections.campus.moodle.plugins.module_utils._moodle.settings import masked, to_moodle
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


def test_what_is_wanted_goes_through_standard_input() -> None:
    run = Recorder(Result(0, 'a line\n{"changed": true}\n', ""))
    answer = MoodleProgram(run, ["docker", "exec"]).ask("users", "--check", what="x", wish={"users": [{"password": "p"}]})
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


@pytest.mark.parametrize(("rc", "out"), [(1, ""), (0, '{"changed": false}')])
def test_a_program_that_does_not_read_has_not_succeeded(rc: int, out: str) -> None:
    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        if text:
            raise BrokenPipeError(32, "Broken pipe")
        return Result(rc, out, "No such container.")

    with pytest.raises(ProgramError, match=r"without an answer(.|\n)*No such container"):
        MoodleProgram(run, ["docker"]).ask("settings", what="apply the settings", wish={"core": {}})


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
    assert database_changed(code, answer) is changed


def test_options_that_the_task_left_out_are_not_wanted() -> None:
    options = {"name": "a", "city": None, "visible": False, "rows": [{"roles": [], "state": None}]}
    assert given(options) == {"name": "a", "visible": False, "rows": [{"roles": []}]}


def test_nothing_is_deleted_that_is_not_named_twice() -> None:
    rows = [{"name": "a", "state": "absent"}, {"name": "b", "state": "absent"}, {"name": "c", "state": "present"}]
    confirm(rows, "name", ["a", "b"])
    with pytest.raises(ProgramError, match="to delete b, name them in confirm_absent"):
        confirm(rows, "name", ["a"])


def test_an_unchanged_thing_has_an_empty_diff() -> None:
    assert difference({"a": 1}, {"a": 1}, "x") == {"before": "", "after": "", "before_header": "x", "after_header": "x"}
    assert difference({}, {"a": 1}, "x")["after"] == '{\n  "a": 1\n}\n'


def test_settings_become_what_moodle_stores_and_secret_ones_win() -> None:
    wanted = to_moodle({"core": {"a": True, "b": 2, "c": None}}, {"core": {"b": "s"}, "mod_x": {"y": False}})
    assert wanted == {"core": {"a": "1", "b": "s", "c": None}, "mod_x": {"y": "0"}}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"core": {"lang": "de", "langlist": ["de", "en"]}}, "so core/langlist cannot be a list or a mapping"),
        ({"mod_x": {"a": {"b": 1}}}, "so mod_x/a cannot be"),
        ({"core": {}, "mod_x": None}, "there are none below mod_x"),
        ({"core": ["lang"], "mod_x": "y"}, "there are none below core, mod_x"),
        ({"moodle": {"lang": "de"}}, "so write lang below core and not below moodle"),
    ],
)
def test_what_is_no_setting_is_refused_in_one_sentence_without_its_value(settings: dict[str, t.Any], sentence: str) -> None:
    for groups in (({}, settings), (settings, {"core": {"a": "1"}})):
        with pytest.raises(ProgramError, match=sentence) as caught:
            to_moodle(*groups)
        assert caught.value.details == {"error": "invalid"}
        assert "de" not in str(caught.value).split()


def test_what_the_task_calls_secret_is_masked_whatever_its_name() -> None:
    values = {"core": {"motto": "old", "lang": "en", "empty": ""}}
    assert masked(values, {"core": {"motto": "new", "empty": ""}}, "*") == {"core": {"motto": "*", "lang": "en", "empty": ""}}
