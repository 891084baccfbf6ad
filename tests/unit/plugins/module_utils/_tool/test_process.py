# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Running a program: what it inherits, how long it may take, which options its version has."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.campus.moodle.plugins.module_utils._tool import process
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError, after_change
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result, cut_short, find_binary, require_version, runner


class Module:
    """As much of AnsibleModule as running a program needs; remembers how it was asked."""

    def __init__(self, rc: int = 0) -> None:
        self.rc = rc
        self.command: list[str] = []
        self.options: dict[str, t.Any] = {}
        self.inherited: dict[str, str] = {}

    def run_command(self, command: list[str], **options: t.Any) -> tuple[int, str, str]:
        """Remember the call."""
        self.command, self.options, self.inherited = command, options, dict(os.environ)
        return self.rc, "out", "err"

    def get_bin_path(self, name: str) -> t.Optional[str]:
        """Know one program."""
        return "/bin/sh" if name == "sh" else None


def test_a_secret_goes_into_the_environment_and_text_to_standard_input() -> None:
    module = Module()
    assert runner(module, chdir="/srv", environ={"TOKEN": "t"})(["tool", "a b"], "text") == Result(0, "out", "err")
    assert module.command == ["tool", "a b"]
    assert (module.options["data"], module.options["cwd"]) == ("text", "/srv")
    assert module.options["environ_update"] == {"LC_ALL": "C.UTF-8", "TOKEN": "t"}
    assert not module.options["expand_user_and_vars"]


def test_what_a_program_said_before_it_read_all_its_input_is_kept() -> None:
    with patch_module_args({}):
        module = AnsibleModule({})
    # More than a pipe holds, so that writing it fails for certain.
    text = "x" * 1_000_000
    assert runner(module)(["sh", "-c", "echo no space >&2; exit 3"], text) == Result(3, "", "no space\n")
    assert runner(module)(["wc", "-c"], text) == Result(0, "1000000\n", "")


def test_a_forgotten_variable_is_not_inherited_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_PASSWORD_FILE", "/elsewhere")
    module = Module()
    runner(module, forget=["TOOL_PASSWORD_FILE", "NEVER_SET"])(["tool"])
    assert "TOOL_PASSWORD_FILE" not in module.inherited
    assert os.environ["TOOL_PASSWORD_FILE"] == "/elsewhere"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[float], None]:
    """clock(seconds) makes the next command take that long."""

    def take(seconds: float) -> None:
        times = iter([100.0, 100.0 + seconds])
        monkeypatch.setattr(process.time, "monotonic", lambda: next(times))

    return take


@pytest.mark.parametrize("rc", [124, 137, -9])
def test_a_command_over_its_time_is_an_error_that_names_the_limit(rc: int, clock: t.Callable[[float], None]) -> None:
    module = Module(rc)
    clock(5.01)
    with pytest.raises(ToolError, match=r"tool go ran longer than 5 seconds, so it was ended on this host. .* may still run") as caught:
        runner(module, timeout=5)(["tool", "go"])
    assert module.command[:2] == ["timeout", "--kill-after=15"]
    assert (caught.value.details["error"], caught.value.details["timed_out"]) == ("timed_out", True)


@pytest.mark.parametrize("timeout", [3600, 0])
@pytest.mark.parametrize("rc", [137, -9])
def test_a_command_that_something_killed_before_its_time_is_named_as_that(rc: int, timeout: int, clock: t.Callable[[float], None]) -> None:
    clock(5)
    with pytest.raises(ToolError, match=rf"tool was killed after 5 seconds \(exit status {rc}\), and not for its time") as caught:
        runner(Module(rc), timeout=timeout)(["tool"])
    assert (caught.value.details["error"], caught.value.details["timed_out"]) == ("killed", False)


@pytest.mark.parametrize(
    ("rc", "seconds", "timeout", "why"),
    [
        (0, 9, 5, ""),
        (1, 9, 5, ""),
        # Its own exit status, which says nothing about a limit that is not reached.
        (124, 4, 5, ""),
        (124, 9, 0, ""),
        (124, 5, 5, "timed_out"),
        (137, 20, 5, "timed_out"),
        (137, 4, 5, "killed"),
        (-9, 4, 0, "killed"),
        (-15, 4, 5, ""),
    ],
)
def test_only_the_clock_tells_a_limit_from_other_ends(rc: int, seconds: float, timeout: float, why: str) -> None:
    assert cut_short(rc, seconds, timeout) == why


@pytest.mark.parametrize(("done", "changed"), [(True, True), (["key"], True), ([], False)])
def test_a_failure_after_a_change_says_so(done: bool | list[str], changed: bool) -> None:
    with pytest.raises(ToolError) as caught, after_change(done):
        raise ToolError("no", error="failed")
    assert caught.value.details.get("changed", False) is changed


def test_what_was_changed_inside_is_known_outside() -> None:
    with pytest.raises(ToolError) as caught, after_change([]), after_change():
        raise ToolError("no")
    assert caught.value.details["changed"]


def test_without_a_limit_the_exit_status_of_timeout_is_the_tools_own() -> None:
    assert [runner(Module(rc))(["tool"]).rc for rc in (124, 137, -9)] == [124, 137, -9]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("restic", "was not found on this host"),
        ("/no/such/restic", "was not found on this host"),
        ("/usr/bin", "is there, but cannot be run"),
        ("/etc/passwd", "is there, but cannot be run"),
    ],
)
def test_a_missing_program_is_named(name: str, what: str) -> None:
    with pytest.raises(ToolError, match=f"The program {name} {what}") as caught:
        find_binary(Module(), name)
    assert caught.value.details == {"error": "missing_program"}


def test_a_program_is_found_by_name_and_by_path() -> None:
    assert find_binary(Module(), "sh") == find_binary(Module(), "/bin/sh") == "/bin/sh"


def test_an_option_that_the_version_lacks_names_both_versions() -> None:
    with pytest.raises(ToolError, match=r"Option verify needs restic 0\.17\.0 or newer, and this host has restic 0\.14\.0"):
        require_version("restic", "0.14.0", ["verify"], {"verify": "0.17.0"})


def test_a_tool_that_is_too_old_for_everything_names_both_versions() -> None:
    with pytest.raises(ToolError, match=r"This module needs restic 0\.14\.0 or newer, and this host has restic 0\.12\.1") as caught:
        require_version("restic", "0.12.1", ["", "verify"], {"": "0.14.0", "verify": "0.17.0"})
    assert caught.value.details == {"needed_version": "0.14.0", "found_version": "0.12.1"}


@pytest.mark.parametrize(("found", "used"), [("0.17.0", ["verify"]), ("0.18.1", ["verify"]), ("0.14.0", ["other"]), ("0.14.0", [])])
def test_an_option_that_the_version_has_is_let_through(found: str, used: list[str]) -> None:
    require_version("restic", found, used, {"verify": "0.17.0"})
