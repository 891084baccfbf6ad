# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the module compose_rollout says of a machine that is half prepared, and of a site that is stopped."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cli import Result
from ansible_collections.campus.moodle.plugins.module_utils._compose_cli import ComposeProject, DockerError
from ansible_collections.campus.moodle.plugins.module_utils._compose_plan import Site
from ansible_collections.campus.moodle.plugins.modules import compose_rollout
from ansible_collections.campus.moodle.tests.unit.plugins.module_utils.compose_fakes import FakeDocker, FakeFiles, definition


def present(run: t.Any, files: FakeFiles, *, docker: bool = True, check: bool = True) -> dict[str, t.Any]:
    """Call the state present as main() does."""
    module: t.Any = types.SimpleNamespace(
        params={"definition": definition(), "timeout": 5},
        check_mode=check,
        get_bin_path=lambda _name: "/usr/bin/docker" if docker else None,
    )
    compose = ComposeProject(run, project="moodle-x", directory="/x")
    return compose_rollout.present(module, compose, t.cast("t.Any", files))


def without(part: str) -> t.Callable[[list[str], str | None], Result]:
    """Return a docker command of which one part does not work."""
    return lambda command, _text: Result(int(part == "engine" or command[1] == "compose"), "", "does not work")


# id, docker, what does not work, whether the site is installed, what the plan says, the action
HALF_PREPARED: list[tuple[str, bool, str, bool, str, str]] = [
    ("no docker", False, "engine", False, "without Docker", "install"),
    ("stopped engine", True, "engine", False, "without an answer of the Docker engine", "install"),
    ("no compose", True, "compose", False, "without Docker's Compose plugin", "install"),
    ("stopped engine of a site", True, "engine", True, "without an answer of the Docker engine", "none"),
]


@pytest.mark.parametrize(
    ("docker", "part", "installed", "words", "action"), [row[1:] for row in HALF_PREPARED], ids=[row[0] for row in HALF_PREPARED]
)
def test_check_mode_says_what_it_could_not_look_at(docker: bool, part: str, installed: bool, words: str, action: str) -> None:
    files = FakeFiles(definition(), Site("site:1")) if installed else FakeFiles()
    result = present(without(part), files, docker=docker)
    assert words in result["plan"][0]
    assert (result["changed"], result["running"], result["action"]) == (True, False, action)
    assert result["diff"]["after"] == definition()


def test_a_real_run_fails_on_the_same_machine() -> None:
    with pytest.raises(DockerError):
        present(without("compose"), FakeFiles(), check=False)


@pytest.mark.parametrize(("status", "running"), [("running", True), ("exited", False)])
def test_only_running_containers_make_a_site_that_can_be_asked(status: str, running: bool) -> None:
    docker, files = FakeDocker(), FakeFiles(definition(), Site("site:1"))
    docker.start_all(definition())
    for row in docker.containers.values():
        row["status"] = status
    result = present(docker, files)
    assert (result["running"], result["changed"]) == (running, not running)
    assert docker.commands == []
