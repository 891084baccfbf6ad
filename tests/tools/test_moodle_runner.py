# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The moodle_* modules with runners that reach no site. What they do on a site is tested with the site image, in tests/image."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from support.modules import ModuleRunner

PROGRAM = str(pathlib.Path(__file__).parents[2] / "roles/image/files/rootfs/opt/campus-moodle/bin/moodle")
CANARY = "Canary-1-password"
USERS = [{"username": "canary", "password": CANARY}]
# Module, its smallest arguments
MODULES: list[tuple[str, dict[str, t.Any]]] = [
    ("moodle_check_info", {}),
    ("moodle_config", {"settings": {}}),
    ("moodle_course", {}),
    ("moodle_maintenance", {"state": "enabled"}),
    ("moodle_plugin_info", {}),
    ("moodle_task_info", {}),
    ("moodle_upgrade", {}),
    ("moodle_user", {"users": USERS}),
]


@pytest.mark.parametrize(("name", "args"), MODULES, ids=[name for name, _args in MODULES])
def test_the_program_outside_a_site_says_what_it_needs(run_module: ModuleRunner, name: str, args: dict[str, t.Any]) -> None:
    done = run_module(name, {"runner": ["php", PROGRAM], **args})
    assert (done["failed"], done["changed"], done["error"], done["exit_status"]) == (True, False, "environment", 2)
    assert "MOODLE_URL is not set; it is required." in done["sentences"]
    assert done["msg"].startswith("Could not ")


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        pytest.param({"runner": ["false"]}, "runner", "false users ended with exit status 1 and without", id="failing"),
        pytest.param({"runner": ["/no/such"]}, "runner", "No such file or directory", id="not there"),
        pytest.param({"runner": ["/no/such"], "timeout": 0}, "runner", "cannot be started: No such file", id="not there, no limit"),
        pytest.param({"runner": ["echo"]}, "runner", "exit status 0 and without an answer", id="another program"),
        pytest.param({"runner": ["echo", '{"changed": false}', "#"]}, "runner", "without an answer", id="not the last line"),
        pytest.param({"runner": []}, "runner", "The option runner is empty", id="empty"),
        pytest.param({"runner": ["sh", "-c", "cat >&2; echo '{\"changed\": false}'"]}, "old_image", "Roll out an image", id="old image"),
        pytest.param({"runner": ["sh", "-c", "exec sleep 60"], "timeout": 1}, "timed_out", "ran longer than 1 seconds", id="too slow"),
        pytest.param({"runner": ["sh", "-c", "exit 137"]}, "killed", "was killed after 0 seconds (exit status 137)", id="out of memory"),
        pytest.param(
            {"runner": ["sh", "-c", "exit 137"], "timeout": 0}, "killed", "was killed after 0 seconds", id="out of memory, no limit"
        ),
    ],
)
def test_a_runner_that_does_not_work_is_explained(
    run_module: ModuleRunner, options: dict[str, t.Any], error: str | None, part: str
) -> None:
    done = run_module("moodle_user", {"users": USERS, **options})
    assert (done["failed"], done.get("error")) == (True, error), done
    assert part in done["msg"]
    assert CANARY not in str({**done, "invocation": None})


def test_a_password_is_not_part_of_the_command(run_module: ModuleRunner) -> None:
    # The runner prints what it was started with and what it reads, as its log.
    runner = ["sh", "-c", 'echo "words: $0 $*" >&2; grep -q Canary-1 && echo "read it" >&2; exit 4']
    done = run_module("moodle_user", {"users": USERS, "runner": runner})
    assert done["sentences"] == ["words: users ", "read it"]


def test_deletion_without_confirmation_starts_nothing(run_module: ModuleRunner, tmp_path: pathlib.Path) -> None:
    runner = ["touch", str(tmp_path / "started")]
    done = run_module("moodle_user", {"users": [{"username": "canary", "state": "absent"}], "runner": runner})
    assert (done["error"], list(tmp_path.iterdir())) == ("not_confirmed", [])
