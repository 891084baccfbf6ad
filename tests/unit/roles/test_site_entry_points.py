# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Role site: every entry point begins with the description, has a playbook and a line in the README; images get all their variables."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import OPTIONS
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.plugins.module_utils._site.targets.table import TARGETS
from ansible_collections.campus.moodle.tests.unit.fakes import site_fakes

ROOT = Path(__file__).resolve().parents[3]
SITE = ROOT / "roles" / "site"
PLAYBOOKS = {"main": "site"}
# What a site does not say: PHP comes with the branch, and PostgreSQL was checked with the description.
NOT_OF_A_SITE = {"php", "postgresql", "target_cache_directory"}


# The tasks of a target that backups, restores and drills include.
BACKUPS = ("sources", "restorable", "close", "load", "open", "confirm", "purge", "rehearse")


def flat(tasks: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """Yield tasks, and those in blocks."""
    for task in tasks:
        yield task
        yield from flat(task.get("block", []))


def content(path: Path) -> t.Any:
    """Return a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


ENTRY_POINTS = content(SITE / "meta" / "argument_specs.yml")["argument_specs"]


def test_entry_points_were_found() -> None:
    assert set(ENTRY_POINTS) == {"main", "build", "check", "verify", "doctor", "destroy", "backup", "restore", "drill", "adopt"}


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_an_entry_point_begins_with_the_description(entry: str) -> None:
    first = content(SITE / "tasks" / f"{entry}.yml")[0]
    assert "campus.moodle.site_spec" in first
    assert first["register"] == "__site_described"
    assert f"| `{entry}` |" in (SITE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_a_playbook_is_nothing_but_its_entry_point(entry: str) -> None:
    play = content(ROOT / "playbooks" / f"{PLAYBOOKS.get(entry, entry)}.yml")[-1]
    (task,) = play["tasks"]
    role = task["ansible.builtin.import_role"]
    assert (role["name"], role.get("tasks_from", "main"), role["rolespec_validate"]) == ("campus.moodle.site", entry, False)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_has_a_role_with_all_that_the_site_includes(name: str) -> None:
    role = ROOT / "roles" / f"target_{name}"
    tasks = [task for entry in ENTRY_POINTS for task in flat(content(SITE / "tasks" / f"{entry}.yml"))]
    included = {task["ansible.builtin.include_role"]["tasks_from"] for task in tasks if "ansible.builtin.include_role" in task}
    assert included <= {path.stem for path in (role / "tasks").iterdir()}
    # doctor is the only one that a target may leave out: see roles/site/README.md.
    assert included == {"preflight", "secrets", "rollout", "destroy", "doctor", *BACKUPS}
    left = {task["register"] for entry in included for task in content(role / "tasks" / f"{entry}.yml") if "register" in task}
    assert {f"__target_{name}_rollout", f"__target_{name}_removal", f"__target_{name}_rehearsal"} <= left
    for entry in ("sources", "doctor"):
        set_here = [fact for task in content(role / "tasks" / f"{entry}.yml") for fact in task.get("ansible.builtin.set_fact", {})]
        assert set_here == [f"__target_{name}_{entry}"]


def test_every_role_of_a_target_has_its_target() -> None:
    assert {path.name for path in (ROOT / "roles").glob("target_*")} == {f"target_{name}" for name in TARGETS}


def test_images_that_are_given_are_not_built() -> None:
    for entry in ("main", "build"):
        (task,) = [task for task in content(SITE / "tasks" / f"{entry}.yml") if "image.yml" in str(task)]
        assert task["when"] == "__site_spec.image.reference is none"


def test_a_site_hands_on_every_variable_of_its_images() -> None:
    (task,) = content(SITE / "tasks" / "image.yml")
    assert task["vars"] == {"image_inputs": "{{ __site_spec.image_inputs }}"}
    described = describe(site_fakes.OPTIONS, {"moodle_hostname": "moodle.example.edu"}, site_fakes.around()).spec["image_inputs"]
    assert set(described) == set(OPTIONS) - NOT_OF_A_SITE
    assert None not in described.values()
