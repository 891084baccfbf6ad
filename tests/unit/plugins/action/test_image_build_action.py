# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The action that plans images and lets a machine build them, with the module run in this process and stand-ins for its programs."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t
from unittest import mock

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.campus.moodle.plugins.action import image_build
from ansible_collections.campus.moodle.plugins.module_utils._image import build
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.plugin_utils._image import plan
from ansible_collections.campus.moodle.tests.unit.fakes.image_programs import Programs

VERSION = "<?php\n$version = 2024100705;\n$release = '4.5.5+ (Build: 20250613)';\n$branch = '405';\n"


class Machine:
    """Runs the action for a machine, and remembers what it got."""

    def __init__(self, folder: pathlib.Path, connection: str) -> None:
        self.folder, self.connection = folder, connection
        self.steps: list[dict[str, t.Any]] = []
        self.shown: list[str] = []
        self.sent: list[str] = []

    def module(self, module_args: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        """What the module returns; its arguments go through JSON, as on their way to a machine."""
        step = json.loads(json.dumps(module_args["_step"]))
        self.steps.append(step)
        invocation = {"invocation": {"module_args": module_args}}
        try:
            return {**build.run(step, check_mode=check_mode), **invocation}
        except ToolError as error:
            return {"failed": True, "msg": str(error), **error.details, **invocation}

    def run(self, inputs: dict[str, t.Any], *, check: bool = False) -> dict[str, t.Any]:
        """Run the action with some inputs."""
        loader = DataLoader()
        shell = mock.MagicMock(tmpdir=str(self.folder / "tmp"), join_path=os.path.join)
        (self.folder / "tmp").mkdir(exist_ok=True)
        action = image_build.ActionModule(
            task=mock.MagicMock(args={"inputs": inputs}, async_val=0, check_mode=check, diff=False),
            connection=mock.MagicMock(transport=self.connection, _shell=shell),
            play_context=mock.MagicMock(),
            loader=loader,
            templar=Templar(loader=loader),
            shared_loader_obj=mock.MagicMock(),
        )

        def execute(module_name: str, module_args: dict[str, t.Any], task_vars: t.Any) -> dict[str, t.Any]:
            assert module_name == "campus.moodle.image_build"
            return self.module(module_args, check)

        def transfer(local: str, remote: str) -> None:
            self.sent.append(remote)
            shutil.copyfile(local, remote)

        fakes = {"_execute_module": execute, "_transfer_file": transfer, "_fixup_perms2": lambda _paths: None}
        with mock.patch.multiple(action, **fakes), mock.patch.object(image_build.display, "display", self.shown.append):
            return action.run(task_vars={"inventory_hostname": "physics"})


@pytest.fixture
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
    monkeypatch.setattr(plan, "_today", lambda: "2026-11-20")
    return found


@pytest.fixture
def inputs(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """A directory with code, and caches for both sides."""
    code = tmp_path / "code"
    (code / "lib").mkdir(parents=True)
    (code / "version.php").write_text(VERSION)
    (code / "lib" / "components.json").write_text('{"plugintypes": {"mod": "mod"}}')
    (code / "lib" / "setup.php").write_text("<?php\n")
    return {
        "source": str(code),
        "cache_directory": str(tmp_path / "cache"),
        "target_cache_directory": str(tmp_path / "machine-cache"),
    }


@pytest.fixture(params=["local", "ssh"])
def machine(request: pytest.FixtureRequest, tmp_path: pathlib.Path, programs: Programs) -> Machine:
    """The control node itself, and another machine."""
    return Machine(tmp_path, request.param)


def test_four_beats(machine: Machine, inputs: dict[str, t.Any]) -> None:
    would = machine.run(inputs, check=True)
    assert would["changed"]
    assert would["facts"] == {"branch": "4.5", "layout": "classic", "php": "8.2", "tag": would["reference"]}
    assert machine.shown == [
        f"physics: missing: {would['reference']} and {would['services_reference']}, to be built from the base bootstrap"
    ]
    built = machine.run(inputs)
    assert {key: built[key] for key in ("changed", "reference", "services_reference", "built", "diff")} == {
        key: would[key] for key in ("changed", "reference", "services_reference", "built", "diff")
    }
    assert built["built"] == [built["reference"], built["services_reference"]]
    assert built["diff"] == {"before": "", "after": f"{built['services_reference']}\n{built['reference']}\n"}
    assert built["facts"]["payload"] == "moodle"
    for check in (True, False):
        again = machine.run(inputs, check=check)
        assert (again["changed"], again["built"]) == (False, [])
        assert (again["reference"], again["services_reference"], again["facts"]) == (
            built["reference"],
            built["services_reference"],
            built["facts"],
        )
    assert [step["name"] for step in machine.steps] == ["find", "find", "bases", "images", "find", "find"]


def test_a_build_shows_where_it_is(machine: Machine, inputs: dict[str, t.Any]) -> None:
    built = machine.run(inputs)
    cache = inputs["cache_directory" if machine.connection == "local" else "target_cache_directory"]
    assert machine.shown == [
        f"physics: building {built['reference']} and {built['services_reference']}; {cache}/log/build.log shows how far it is",
        "physics: making the bases (a minute or two the first time)",
        "physics: building the images",
    ]
    assert "bootstrapping" in (pathlib.Path(cache) / "log" / "build.log").read_text()


def test_only_another_machine_is_sent_something(machine: Machine, inputs: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    machine.run(inputs)
    bundle = None if machine.connection == "local" else str(tmp_path / "tmp" / "input.tar")
    assert machine.sent == ([] if bundle is None else [bundle])
    assert [step.get("bundle") for step in machine.steps] == [None, bundle, bundle]


def test_bad_inputs_are_all_told_before_the_machine_is_touched(machine: Machine, inputs: dict[str, t.Any]) -> None:
    result = machine.run({**inputs, "php": "8.4", "languages": ["?"]})
    assert result["failed"]
    assert result["error"] == "invalid"
    assert result["msg"] == " ".join(result["problems"])
    assert len(result["problems"]) == 3
    assert machine.steps == []


def test_an_input_that_does_not_exist_is_refused(machine: Machine, inputs: dict[str, t.Any]) -> None:
    with pytest.raises(AnsibleError, match="colour"):
        machine.run({**inputs, "colour": "blue"})


def test_a_failure_is_handed_on_without_the_specification(machine: Machine, inputs: dict[str, t.Any], programs: Programs) -> None:
    programs.fail("unreachable")
    result = machine.run(inputs)
    assert result["failed"]
    assert result["error"] == "build_failed"
    assert "mmdebstrap ended with status 1" in result["msg"]
    assert "invocation" not in result
    programs.mend()
    assert machine.run(inputs)["changed"]


def test_what_a_person_should_know_is_a_warning_of_a_build(
    machine: Machine, inputs: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "_today", lambda: "2028-01-01")
    allowed = {**inputs, "allow_unsupported_branch": True}
    assert machine.run(allowed)["warnings"] == ["Moodle 4.5 has had no security fixes since 2027-10-04."]
    assert machine.run(allowed)["warnings"] == []


def test_a_file_that_cannot_be_read_is_a_sentence(machine: Machine, inputs: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_inputs: t.Any) -> t.NoReturn:
        raise PermissionError(13, "Permission denied", "/srv/plugin.zip")

    monkeypatch.setattr(plan, "make", unreadable)
    result = machine.run(inputs)
    assert result["failed"]
    assert result["msg"] == "The input of the images cannot be read: [Errno 13] Permission denied: '/srv/plugin.zip'."
