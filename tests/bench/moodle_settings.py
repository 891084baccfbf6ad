# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""50 settings by moodle_config beside one call of Moodle's own cfg.php, on a running site."""

from __future__ import annotations

import itertools
import json
import pathlib
import sys
import typing as t

from packed import Packed, cost_of
from report import Row, alternate
from support.site import Site

CFG = ["php", "/srv/moodle/admin/cli/cfg.php"]
PROGRAM = "/opt/campus-moodle/bin/moodle"
AIM = "1.20"


def settings_of(value: str) -> dict[str, dict[str, str]]:
    """Return 50 settings that nothing else uses."""
    return {
        "core": {f"campus_bench_{number}": value for number in range(25)},
        "local_campus_bench": {f"name_{number}": value for number in range(25)},
    }


def settings_rows(site: Site, folder: pathlib.Path, rounds: int) -> list[Row]:
    """Nothing to change: a task beside a task, then without Ansible on either side. Then a task that changes all of them."""
    reach = ["docker", "exec", "--interactive", str(site.container("php")["Id"])]
    environ = site.controller.environment()
    count = itertools.count()

    def task(name: str, changed: bool, **args: t.Any) -> t.Callable[[], float]:
        packed = Packed(pathlib.Path(sys.executable), name, args, folder / f"{name}-{next(count)}", environ)
        return lambda: packed(changed=changed).wall

    def enforce(value: str, *, changed: bool = False) -> t.Callable[[], float]:
        return task("campus.moodle.moodle_config", changed, runner=[*reach, PROGRAM], settings=settings_of(value))

    def cfg(*options: str) -> t.Callable[[], float]:
        return task("ansible.builtin.command", True, argv=[*reach, *CFG, *options])

    def command(words: t.Sequence[str], text: str = "") -> t.Callable[[], float]:
        return lambda: cost_of([*reach, *words], environ, text)[0].wall

    read = "--name=country"
    same, what = settings_of("same"), "clock: moodle_config with 50 settings"
    rows = [
        alternate(f"{what}, unchanged, beside a task with one cfg.php", AIM, rounds, enforce("same"), cfg(read)),
        alternate(
            f"{what}, unchanged, only the command, beside only cfg.php",
            AIM,
            rounds,
            command([PROGRAM, "settings"], json.dumps(same)),
            command([*CFG, read]),
        ),
    ]
    # Each one changes what the other has left.
    turns = itertools.cycle([enforce("even", changed=True), enforce("odd", changed=True)])
    changing = cfg("--name=campus_bench_one", "--set=1")
    rows.append(alternate(f"{what}, all changed, beside a task with one cfg.php", AIM, rounds, lambda: next(turns)(), changing))
    return rows
