# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The modules that turn what they found into a gate: checks, tasks, plugins, upgrade; and the words for maintenance."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.campus.moodle.plugins.module_utils._moodle import checks, maintenance, plugins, tasks
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program as program_file
from ansible_collections.campus.moodle.plugins.module_utils._moodle import upgrade as upgrades
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MoodleProgram, ProgramError
from ansible_collections.campus.moodle.plugins.modules import moodle_upgrade

FOUND = [
    {"ref": "a", "status": "ok"},
    {"ref": "b", "status": "unknown"},
    {"ref": "c", "status": "critical"},
    {"ref": "d", "status": "warning"},
    {"ref": "e", "status": "brand_new"},
]


def evaluate(**params: t.Any) -> dict[str, t.Any]:
    """Evaluate what was found."""
    return checks.evaluate(FOUND, {"refs": None, "ignore": [], "fail_on": "never", "types": ["status"], **params})


@pytest.mark.parametrize(
    ("params", "worst", "failed"),
    [
        pytest.param({}, "critical", [], id="only looking"),
        pytest.param({"fail_on": "critical"}, "critical", ["c"], id="unknown does not hide critical"),
        pytest.param({"fail_on": "unknown"}, "critical", ["c", "b", "e"], id="no answer, and a status of a later Moodle"),
        pytest.param({"fail_on": "warning", "ignore": ["c"]}, "unknown", ["b", "e", "d"], id="ignored"),
        pytest.param({"fail_on": "warning", "refs": ["a"]}, "ok", [], id="one check"),
    ],
)
def test_each_check_counts_by_itself(params: dict[str, t.Any], worst: str, failed: list[str]) -> None:
    result = evaluate(**params)
    assert (result["worst"], result["failed_checks"]) == (worst, failed)


def test_a_check_that_does_not_exist_is_no_success() -> None:
    with pytest.raises(ProgramError, match="There are no checks core_environmnt"):
        evaluate(refs=["a", "core_environmnt"])


def test_the_worst_checks_come_first_and_all_are_counted() -> None:
    result = evaluate()
    assert result["summary"] == ["Checks     5, the worst is critical"]
    assert [check["ref"] for check in result["checks"]] == ["c", "b", "e", "d", "a"]
    assert result["counts"] == {"critical": 1, "unknown": 1, "brand_new": 1, "warning": 1, "ok": 1}


def test_a_check_that_fails_the_task_is_named_with_its_reason_and_everything_that_was_found() -> None:
    found = [{"ref": "c", "status": "critical", "summary": "It burns."}, {"ref": "a", "status": "ok", "summary": ""}]
    params = {"types": ["status"], "refs": None, "ignore": [], "fail_on": "error"}
    with pytest.raises(ProgramError, match=r"1 of 2 checks failed\.\n- c is critical: It burns\.") as caught:
        checks.run(Program(checks={"checks": found}), params)
    assert (caught.value.details["error"], caught.value.details["failed_checks"]) == ("checks", ["c"])
    assert caught.value.details["checks"] == found
    result = checks.run(Program(checks={"checks": found}), {**params, "fail_on": "never"})
    assert (result["changed"], result["failed_checks"]) == (False, [])


TASKS = {
    "cron": {"enabled": True, "age": 700},
    "queue": {"due": 3, "oldest": 40, "failing": 2},
    "scheduled": {"failing": 1},
    "running": [{"seconds": 50}, {"seconds": 10}],
}


@pytest.mark.parametrize(
    ("option", "limit", "sentence"),
    [
        ("max_cron_age", 600, "Cron started 700 seconds ago; 600 are allowed."),
        ("max_queue", 2, "3 ad hoc tasks are due and wait; 2 are allowed."),
        ("max_queue_age", 39, "An ad hoc task has been due for 40 seconds; 39 are allowed."),
        ("max_failing", 0, "3 tasks failed in their last run; 0 are allowed."),
        ("max_running", 49, "A task has been running for 50 seconds; 49 are allowed."),
    ],
)
def test_a_limit_of_tasks_holds_up_to_its_number(option: str, limit: int, sentence: str) -> None:
    params: dict[str, t.Any] = dict.fromkeys(tasks.LIMITS)
    broken = tasks.violations(TASKS, {**params, option: limit})
    assert [tasks.sentence(violation) for violation in broken] == [sentence]
    assert tasks.violations(TASKS, {**params, option: broken[0]["found"]}) == []


def test_cron_that_never_ran_breaks_its_limit() -> None:
    params: dict[str, t.Any] = {**dict.fromkeys(tasks.LIMITS), "max_cron_age": 10**9}
    broken = tasks.violations({**TASKS, "cron": {"enabled": True, "age": None}}, params)
    assert [tasks.sentence(violation) for violation in broken] == ["Cron has never run."]
    assert tasks.violations({**TASKS, "running": []}, {**params, "max_cron_age": None, "max_running": 0}) == []


def test_a_limit_that_does_not_hold_fails_the_task_with_what_was_found() -> None:
    params: dict[str, t.Any] = {**dict.fromkeys(tasks.LIMITS), "since": 60}
    result = tasks.run(Program(tasks=dict(TASKS)), params)
    assert (result["changed"], result["violations"]) == (False, [])
    assert result["summary"] == ["Cron       started 700 seconds ago", "Queue      3 ad hoc tasks wait, 2 fail"]
    with pytest.raises(ProgramError, match="Cron started 700 seconds ago; 600 are allowed") as caught:
        tasks.run(Program(tasks=dict(TASKS)), {**params, "max_cron_age": 600})
    assert (caught.value.details["error"], caught.value.details["queue"]) == ("tasks", TASKS["queue"])


def plugin(component: str, status: str = "uptodate", *, standard: bool = True, met: bool = True) -> dict[str, t.Any]:
    """Return a plugin as the program lists it."""
    return {"component": component, "status": status, "standard": standard, "requirements_met": met, "dependencies": []}


@pytest.mark.parametrize(
    ("params", "names", "problems"),
    [
        ({}, ["local_new", "mod_forum", "mod_gone", "mod_old"], ["mod_gone: the database has", "mod_old: the code of this plugin needs"]),
        ({"additional": True}, ["local_new", "mod_gone"], ["mod_gone: the database has"]),
        ({"components": ["mod_forum"]}, ["mod_forum"], []),
    ],
)
def test_plugins_are_sorted_and_what_is_wrong_with_them_is_said(params: dict[str, t.Any], names: list[str], problems: list[str]) -> None:
    found = [plugin("mod_old", met=False), plugin("mod_forum"), plugin("mod_gone", "missing", standard=False)]
    found.append(plugin("local_new", "new", standard=False))
    result = plugins.run(Program(plugins={"plugins": found}), {"components": None, "additional": False, **params})
    assert [row["component"] for row in result["plugins"]] == names
    assert all(row["dependencies"] == {} for row in result["plugins"])
    assert len(result["problems"]) == len(problems)
    assert all(part in sentence for sentence, part in zip(result["problems"], problems, strict=True))
    assert result["pending"] == [name for name in names if name == "local_new"]
    assert result["summary"] == [f"Plugins    {len(names)}"]


class Program(MoodleProgram):
    """A program with fixed answers."""

    def __init__(self, **answers: dict[str, t.Any] | ProgramError) -> None:
        self.answers = answers
        self.commands: list[str] = []

    def ask(self, *command: str, **_options: t.Any) -> dict[str, t.Any]:
        """Answer, or raise."""
        self.commands.append(" ".join(command))
        answer = self.answers[command[0]]
        if isinstance(answer, ProgramError):
            raise answer
        return answer


def plan(action: str, *, maintenance: bool = False) -> dict[str, t.Any]:
    """Return an answer of preflight."""
    return {"action": action, "database_version": "1", "code_version": "2", "maintenance_required": maintenance, "warnings": ["w"]}


def test_an_upgrade_is_foreseen_and_then_done_with_the_same_diff() -> None:
    program = Program(preflight=plan("upgrade", maintenance=True), upgrade={"seconds": 3.5, "warnings": ["x"]})
    foreseen = upgrades.upgrade(program, check=True, allow_maintenance=True)
    done = upgrades.upgrade(program, check=False, allow_maintenance=True)
    assert program.commands == ["preflight --json", "preflight --json", "upgrade --allow-maintenance"]
    assert done == {**foreseen, "seconds": 3.5, "upgrade_warnings": ["w", "x"]}
    assert (done["changed"], done["from_version"], done["to_version"]) == (True, "1", "2")


def test_without_something_pending_nothing_is_started() -> None:
    program = Program(preflight=plan("none"))
    result = upgrades.upgrade(program, check=False, allow_maintenance=False)
    assert (result["changed"], result["diff"]["before"], program.commands) == (False, "", ["preflight --json"])


@pytest.mark.parametrize(("answer", "error"), [(plan("install"), "not_installed"), (plan("upgrade", maintenance=True), "maintenance")])
def test_what_must_not_be_done_is_refused_in_check_mode_too(answer: dict[str, t.Any], error: str) -> None:
    with pytest.raises(ProgramError) as caught:
        upgrades.upgrade(Program(preflight=answer), check=True, allow_maintenance=False)
    assert caught.value.details["error"] == error


@pytest.mark.parametrize(
    ("details", "changed"),
    [({"exit_status": 5, "database_changed": False}, False), ({"exit_status": 5}, True), ({"timed_out": True}, True)],
)
def test_a_failed_upgrade_says_whether_the_database_was_changed(details: dict[str, t.Any], changed: bool) -> None:
    program = Program(preflight=plan("code"), upgrade=ProgramError("It broke.", **details))
    with pytest.raises(ProgramError) as caught:
        upgrades.run(program, {"allow_maintenance": False}, check_mode=False)
    assert (caught.value.details["database_changed"], caught.value.details["changed"]) == (changed, changed)


@pytest.mark.parametrize(
    ("program", "check", "changed"),
    [
        pytest.param({"preflight": plan("code"), "upgrade": ProgramError("It broke.", exit_status=5)}, False, True, id="broken on the way"),
        pytest.param({"preflight": plan("code"), "upgrade": ProgramError("Locked.", exit_status=6)}, False, False, id="not begun"),
        pytest.param({"preflight": ProgramError("No.", exit_status=4)}, False, False, id="refused"),
        pytest.param({"preflight": plan("upgrade", maintenance=True)}, True, False, id="gate"),
    ],
)
def test_the_result_of_a_failed_upgrade_says_whether_it_is_a_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: dict[str, t.Any], check: bool, changed: bool
) -> None:
    monkeypatch.setattr(program_file, "program_of", lambda _module: Program(**program))
    with patch_module_args({"runner": ["true"], "_ansible_check_mode": check}), pytest.raises(SystemExit):
        moodle_upgrade.main()
    result = json.loads(capsys.readouterr().out)
    assert (result["failed"], result["changed"], result["database_changed"]) == (True, changed, changed)


@pytest.mark.parametrize(
    ("params", "check", "words"),
    [
        ({"state": "enabled", "minutes": None, "notice": None}, False, ["on"]),
        ({"state": "disabled", "minutes": None, "notice": ""}, True, ["off", "--message=", "--check"]),
        ({"state": "scheduled", "minutes": 5, "notice": "a b"}, False, ["later", "--minutes=5", "--message=a b"]),
    ],
)
def test_the_words_for_maintenance(params: dict[str, t.Any], check: bool, words: list[str]) -> None:
    assert maintenance.arguments(params, check=check) == words
