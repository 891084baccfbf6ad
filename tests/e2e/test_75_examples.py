# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The documented examples of what role site is made of, run on the running site: only names, places and ports are the site's own."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from support import REPOSITORY

if t.TYPE_CHECKING:
    from support.playbook import Controller
    from support.site import Site

Tasks = list[dict[str, t.Any]]
RECOVERY = 120  # seconds until a site whose containers were removed serves again


@pytest.fixture
def examples_of(site: Site) -> t.Callable[[str], Tasks]:
    """examples_of(module) gives the tasks in the EXAMPLES of a module, for the site."""
    mine = {
        "https://physics.example.edu": site.url,
        "moodle-physics": site.project,
        "/opt/moodle/physics": str(site.directory),
        "18080": str(site.variables["moodle_http_port"]),
    }

    def read(name: str) -> Tasks:
        source = (REPOSITORY / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
        text = source.split('EXAMPLES = r"""')[1].split('"""')[0]
        for documented, real in mine.items():
            text = text.replace(documented, real)
        return t.cast("Tasks", yaml.safe_load(text))

    return read


@pytest.fixture
def run_play(site: Site, controller: Controller) -> t.Callable[[Tasks], str]:
    """run_play(tasks) runs tasks on the site's machine and returns what is printed. The template beside them is the site's compose file."""
    definition = (site.directory / "compose.yml").read_text(encoding="utf-8")
    (controller.folder / "compose.yml.j2").write_text("{% raw %}" + definition + "{% endraw %}", encoding="utf-8")
    inventory = controller.write_inventory({site.name: site.variables})

    def run(tasks: Tasks) -> str:
        play = {"hosts": site.name, "gather_facts": False, "tasks": tasks}
        playbook = controller.folder / "examples.yml"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        done = controller.play(playbook, inventory, timeout=600)
        assert done.rc == 0, done.output
        return done.output

    return run


def test_what_only_looks(examples_of: t.Callable[[str], Tasks], run_play: t.Callable[[Tasks], str]) -> None:
    assert "changed=0" in run_play([*examples_of("compose_preflight"), *examples_of("site_verify")])


def test_compose_rollout(site: Site, examples_of: t.Callable[[str], Tasks], run_play: t.Callable[[Tasks], str]) -> None:
    present, absent = examples_of("compose_rollout")
    before, volumes = site.identities(), site.volumes()
    assert "changed=0" in run_play([present])
    assert site.identities() == before
    run_play([absent])
    assert (site.containers(), site.volumes()) == ([], volumes)
    run_play([present])
    site.wait_until_ready(RECOVERY)
    assert set(site.identities()).isdisjoint(before)


def test_site_smoke(site: Site, examples_of: t.Callable[[str], Tasks], run_play: t.Callable[[Tasks], str]) -> None:
    assert "changed=1" in run_play(examples_of("site_smoke"))
    assert site.sql("SELECT count(*) FROM mdl_user WHERE username LIKE 'campus-verify-%' AND deleted = 0") == "0"
