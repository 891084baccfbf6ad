# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What the module compose_rollout reports of a machine that is half prepared, of a site that is stopped, and of one that runs."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import _summary, rollout
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Record
from ansible_collections.campus.moodle.plugins.module_utils._compose.files import SiteFiles
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ComposeProject, Definition, DockerError
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.compose_fakes import FakeDocker, FakeFiles, definition


def present(run: t.Any, files: FakeFiles, *, docker: bool = True, check: bool = True, pending: bool = False) -> dict[str, t.Any]:
    """Call the state present as run() does."""
    params = {"directory": "/x", "definition": definition(), "timeout": 5, "secrets_pending": pending}
    compose = ComposeProject(run, project="moodle-x", directory="/x")
    return rollout.present(compose, t.cast("t.Any", files), params, check_mode=check, docker=docker)


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
def test_check_mode_reports_what_it_could_not_look_at(docker: bool, part: str, installed: bool, words: str, action: str) -> None:
    files = FakeFiles(definition(), Record("site:1")) if installed else FakeFiles()
    result = present(without(part), files, docker=docker)
    assert words in result["plan"][0]
    assert (result["changed"], result["running"], result["action"]) == (True, False, action)
    assert result["diff"]["after"] == definition()


def test_a_real_run_fails_on_the_same_machine() -> None:
    with pytest.raises(DockerError):
        present(without("compose"), FakeFiles(), check=False)


@pytest.mark.parametrize(("status", "running"), [("running", True), ("exited", False)])
def test_only_running_containers_make_a_site_that_can_be_asked(status: str, running: bool) -> None:
    docker, files = FakeDocker(), FakeFiles(definition(), Record("site:1"))
    docker.start_all(definition())
    for row in docker.containers.values():
        row["status"] = status
    result = present(docker, files)
    assert (result["running"], result["changed"]) == (running, not running)
    assert docker.commands == []


def test_check_mode_says_that_secrets_are_pending() -> None:
    docker, files = FakeDocker(), FakeFiles(definition(), Record("site:0"))
    docker.start_all(definition())
    assert "once the secrets are written" in present(docker, files, pending=True)["plan"][-1]
    assert docker.commands == []


def absent(directory: pathlib.Path, *, remove_data: bool, check: bool = False) -> dict[str, t.Any]:
    """Run the state absent on a machine without Docker."""
    params = {"state": "absent", "project": "moodle-x", "directory": str(directory), "remove_data": remove_data}
    compose = ComposeProject(without("engine"), project="moodle-x", directory=str(directory))
    return rollout.run(compose, params, check_mode=check, docker=False)


def test_the_removal_of_data_names_what_stays_and_has_an_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "site" / "code").mkdir(parents=True)
    (tmp_path / "site" / "site.json").touch()
    left = [str(tmp_path / "site"), str(tmp_path / "site" / "code")]
    foreseen = absent(tmp_path / "site", remove_data=True, check=True)
    done = absent(tmp_path / "site", remove_data=True)
    assert foreseen == {**done, "summary": ["The containers of moodle-x and the site's data would be removed."]}
    assert done["summary"] == ["The containers of moodle-x and the site's data are removed."]
    assert done["warnings"] == [f"What this collection did not write stays on the machine: {', '.join(left)}."]
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
    done = absent(tmp_path, remove_data=False)
    assert (done["changed"], done["warnings"]) == (True, [])
    assert done["summary"] == [f"The containers of moodle-x are removed. Its volumes and {tmp_path} stay."]
    assert [path.name for path in tmp_path.iterdir()] == ["site.json"]
    assert not absent(tmp_path, remove_data=False)["changed"]


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    def full(*_arguments: t.Any) -> t.NoReturn:
        raise OSError(28, "No space left on device", "/x/compose.yml")

    monkeypatch.setattr(SiteFiles, "forget", full)
    (tmp_path / "rollout.json").write_text("{}")
    with pytest.raises(ToolError, match=r"cannot be written or read \(/x/compose\.yml: No space left on device\); correct that") as caught:
        absent(tmp_path, remove_data=False)
    assert caught.value.details == {"error": "files"}


@pytest.mark.parametrize(("check", "action"), [(True, "would be none"), (False, "none")])
def test_the_summary_tells_what_runs_and_where(check: bool, action: str) -> None:
    text = definition(
        php={
            "hash": "php-1",
            "image": "site:1",
            "scale": 2,
            "environment": {"MOODLE_URL": "https://x.example.edu", "MOODLE_SMTP_HOST": "mx.example.edu"},
        }
    )
    docker, files = FakeDocker(), FakeFiles(text, Record("site:1"))
    docker.start_all(text)
    params = {"directory": "/x", "definition": text, "timeout": 5, "secrets_pending": False}
    compose = ComposeProject(docker, project="moodle-x", directory="/x")
    result = rollout.present(compose, t.cast("t.Any", files), params, check_mode=check, docker=True)
    assert result["summary"] == [
        f"Site       x (production, {action})",
        "Address    https://x.example.edu",
        "Admin      ",
        "Password   in the file /x/secrets/moodle/admin_password",
        "Mail       mx.example.edu",
        "Image      site:1 (400 MB)",
        "Payload    as in the given image",
    ]


LABELS = {"io.campus.moodle.facts": '{"payload": "moodle"}', "io.campus.moodle.compressed-bytes": "120000000"}
MAIL = {"ports": [{"target": 1025, "published": "18026"}, {"target": 8025, "published": "18025", "host_ip": "127.0.0.1"}]}
SUMMARIES = [
    ("built", {"Size": 400_000_000, "Config": {"Labels": LABELS}}, {}, "(400 MB, 120 MB compressed)", "real Moodle", "not delivered"),
    ("not built", {}, {}, "(not built yet)", "as in the given image", "not delivered"),
    (
        "with a mail catcher",
        {"Size": 1_000_000, "Config": {"Labels": None}},
        MAIL,
        "(1 MB)",
        "as in the given image",
        "http://127.0.0.1:18025",
    ),
]


@pytest.mark.parametrize(("image", "mail", "size", "payload", "where"), [row[1:] for row in SUMMARIES], ids=[row[0] for row in SUMMARIES])
def test_the_summary_reads_image_and_mail(image: dict[str, t.Any], mail: dict[str, t.Any], size: str, payload: str, where: str) -> None:
    services = {"php": {"image": "site:1"}, "mail": mail, "cli": {"environment": {"MOODLE_ADMIN_USER": "admin"}}}
    lines = _summary.of_site(Definition({}, {"services": services}), image, "/x", "install")
    said = dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)
    assert (said["Admin"], said["Image"], said["Payload"], said["Mail"]) == ("admin", f"site:1 {size}", payload, where)
