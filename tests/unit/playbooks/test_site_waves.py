# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The order of the sites in the playbook site: its own keywords, with a task that fails for one site in place of the role."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._site import describe

PLAYBOOK = pathlib.Path(describe.__file__).resolve().parents[3] / "playbooks" / "site.yml"
SITES = ("canary", "second", "third", "fourth")
TASKS = [
    {"ansible.builtin.debug": {"msg": "begun"}},
    {"ansible.builtin.fail": {"msg": "broken"}, "when": "inventory_hostname == broken"},
    {"ansible.builtin.debug": {"msg": "done"}},
]


@pytest.fixture
def play(tmp_path: pathlib.Path) -> t.Callable[..., tuple[int, list[str], list[str]]]:
    """Return a function that plays with extra variables, and returns the exit status, the sites that began and those that got done."""
    (deploy,) = (row for row in yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8")) if row["hosts"] == "moodle_sites")
    deploy.update({"become": False, "tasks": TASKS})
    playbook, inventory = tmp_path / "site.yml", tmp_path / "inventory.yml"
    playbook.write_text(yaml.safe_dump([deploy]), encoding="utf-8")
    hosts = {name: {"ansible_connection": "local"} for name in SITES}
    inventory.write_text(yaml.safe_dump({"moodle_sites": {"hosts": hosts}}, sort_keys=False), encoding="utf-8")

    def run(**variables: str) -> tuple[int, list[str], list[str]]:
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        done = subprocess.run(
            ["ansible-playbook", str(playbook), "-i", str(inventory), *extra], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        parts = done.stdout.split("ok: [")[1:]
        said = {word: [part.split("]")[0] for part in parts if f'"{word}"' in part.split("}")[0]] for word in ("begun", "done")}
        return done.returncode, sorted(said["begun"]), sorted(said["done"])

    return run


def test_a_failed_site_stops_the_run_before_the_next_wave(play: t.Callable[..., tuple[int, list[str], list[str]]]) -> None:
    """One of two: that a whole wave fails would stop Ansible anyway."""
    status, begun, _done = play(moodle_wave="2", broken="canary")
    assert status != 0
    assert begun == ["canary", "second"]


def test_waves_that_succeed_follow_each_other(play: t.Callable[..., tuple[int, list[str], list[str]]]) -> None:
    status, _begun, done = play(moodle_wave="2", broken="nobody")
    assert (status, done) == (0, sorted(SITES))


def test_without_waves_a_failed_site_stops_no_other(play: t.Callable[..., tuple[int, list[str], list[str]]]) -> None:
    status, _begun, done = play(broken="canary")
    assert status != 0
    assert done == ["fourth", "second", "third"]
