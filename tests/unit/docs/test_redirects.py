# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Old names of modules still work in plays, as meta/runtime.yml promises."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_a_play_with_the_old_names_runs_the_new_modules(run_play: t.Any, tmp_path: Path) -> None:
    site = {"project": "moodle-x", "directory": str(tmp_path / "x")}
    owner = {"directory": site["directory"], "readers": {"moodle": os.getuid()}, "secrets": [{"name": "salt", "readers": ["moodle"]}]}
    tasks = [{"campus.moodle.site_preflight": site}, {"campus.moodle.site_secrets": owner}]
    done = run_play(tasks, check=True)
    assert done.rc == 0, done.output
    assert [(row["changed"], row.get("problems"), row.get("created")) for row in done.results] == [
        (False, [], None),
        (True, None, ["salt"]),
    ]
    redirected = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["plugin_routing"]["modules"]
    assert {f"campus.moodle.{name}" for name in redirected} == {name for task in tasks for name in task}


def test_defaults_of_the_group_reach_the_old_names(run_play: t.Any, tmp_path: Path) -> None:
    defaults = {"group/campus.moodle.site": {"directory": str(tmp_path / "x")}}
    secrets = {"readers": {"moodle": os.getuid()}, "secrets": [{"name": "salt", "readers": ["moodle"]}]}
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": [{"campus.moodle.site_secrets": secrets}]}
    done = run_play([play], check=True)
    assert done.rc == 0, done.output
    assert done.results[0]["created"] == ["salt"]
