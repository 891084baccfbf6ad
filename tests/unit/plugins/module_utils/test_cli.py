# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Running a program: what it inherits, how long it may take, which options its version has."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cli import Result, ToolError, find_binary, require_version, runner


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


def test_a_forgotten_variable_is_not_inherited_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_PASSWORD_FILE", "/elsewhere")
    module = Module()
    runner(module, forget=["TOOL_PASSWORD_FILE", "NEVER_SET"])(["tool"])
    assert "TOOL_PASSWORD_FILE" not in module.inherited
    assert os.environ["TOOL_PASSWORD_FILE"] == "/elsewhere"


@pytest.mark.parametrize("rc", [124, 137])
def test_a_command_over_its_time_is_an_error_that_names_the_limit(rc: int) -> None:
    module = Module(rc)
    with pytest.raises(ToolError, match="tool go was ended because it ran longer than 5 seconds") as caught:
        runner(module, timeout=5)(["tool", "go"])
    assert module.command[:2] == ["timeout", "--kill-after=15"]
    assert caught.value.details["timed_out"] is True


def test_without_a_limit_the_exit_status_of_timeout_is_the_tools_own() -> None:
    assert runner(Module(124))(["tool"]).rc == 124


@pytest.mark.parametrize("name", ["restic", "/no/such/restic"])
def test_a_missing_program_is_named(name: str) -> None:
    with pytest.raises(ToolError, match=f"The program {name} was not found"):
        find_binary(Module(), name)


def test_a_program_is_found_by_name_and_by_path() -> None:
    assert find_binary(Module(), "sh") == find_binary(Module(), "/bin/sh") == "/bin/sh"


def test_an_option_that_the_version_lacks_names_both_versions() -> None:
    with pytest.raises(ToolError, match=r"Option verify needs restic 0\.17\.0 or newer, and this host has restic 0\.14\.0"):
        require_version("restic", "0.14.0", ["verify"], {"verify": "0.17.0"})


@pytest.mark.parametrize(("found", "used"), [("0.17.0", ["verify"]), ("0.18.1", ["verify"]), ("0.14.0", ["other"]), ("0.14.0", [])])
def test_an_option_that_the_version_has_is_let_through(found: str, used: list[str]) -> None:
    require_version("restic", found, used, {"verify": "0.17.0"})
