# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the module compose_rollout says of a machine that is half prepared, and of a site that is stopped."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Site
from ansible_collections.campus.moodle.plugins.module_utils._compose.files import SiteFiles
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ComposeProject, DockerError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.plugins.modules import compose_rollout
from ansible_collections.campus.moodle.tests.unit.fakes.compose_fakes import FakeDocker, FakeFiles, definition


def present(run: t.Any, files: FakeFiles, *, docker: bool = True, check: bool = True, pending: bool = False) -> dict[str, t.Any]:
    """Call the state present as main() does."""
    module: t.Any = types.SimpleNamespace(
        params={"definition": definition(), "timeout": 5, "secrets_pending": pending},
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


def test_check_mode_says_that_secrets_are_pending() -> None:
    docker, files = FakeDocker(), FakeFiles(definition(), Site("site:0"))
    docker.start_all(definition())
    assert "once the secrets are written" in present(docker, files, pending=True)["plan"][-1]
    assert docker.commands == []


def absent(directory: pathlib.Path, *, remove_data: bool, check: bool = False) -> dict[str, t.Any]:
    """Call the state absent as main() does, on a machine without Docker."""
    module: t.Any = types.SimpleNamespace(
        params={"directory": str(directory), "remove_data": remove_data}, check_mode=check, get_bin_path=lambda _name: None
    )
    compose = ComposeProject(without("engine"), project="moodle-x", directory=str(directory))
    return compose_rollout.absent(module, compose, SiteFiles(str(directory), lambda *_paths: None))


def test_the_removal_of_data_names_what_stays_and_has_an_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "site" / "code").mkdir(parents=True)
    (tmp_path / "site" / "site.json").touch()
    left = [str(tmp_path / "site"), str(tmp_path / "site" / "code")]
    foreseen = absent(tmp_path / "site", remove_data=True, check=True)
    done = absent(tmp_path / "site", remove_data=True)
    assert foreseen == done
    assert (done["plan"], done["left"]) == ([f"{tmp_path}/site/site.json: remove"], left)
    again = absent(tmp_path / "site", remove_data=True)
    assert (again["changed"], again["left"]) == (False, left)
    (tmp_path / "site" / "code").rmdir()
    assert absent(tmp_path / "site", remove_data=True)["plan"] == [f"{tmp_path}/site: remove"]
    assert not (tmp_path / "site").exists()


def test_removal_without_data_forgets_the_rollout_even_where_nothing_runs(tmp_path: pathlib.Path) -> None:
    """The sentence about an empty database says that this helps."""
    for name in ("rollout.json", "site.json"):
        (tmp_path / name).write_text("{}")
    assert absent(tmp_path, remove_data=False)["changed"]
    assert [path.name for path in tmp_path.iterdir()] == ["site.json"]
    assert not absent(tmp_path, remove_data=False)["changed"]


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: t.Any) -> t.NoReturn:
        raise OSError(28, "No space left on device", "/x/compose.yml")

    class Failed(Exception):
        """What fail_json ends with."""

    def fail(_module: t.Any, msg: str, **_details: t.Any) -> t.NoReturn:
        raise Failed(msg)

    monkeypatch.setattr(compose_rollout, "absent", full)
    monkeypatch.setattr(compose_rollout.AnsibleModule, "__init__", prepare)
    monkeypatch.setattr(compose_rollout.AnsibleModule, "fail_json", fail)
    with pytest.raises(Failed, match=r"cannot be written or read \(/x/compose\.yml: No space left on device\); correct that"):
        compose_rollout.main()


def prepare(module: t.Any, **_options: t.Any) -> None:
    """Give a module what main() reads of it, without standard input."""
    module.params = {"project": "moodle-x", "directory": "/x", "state": "absent", "remove_data": True}
