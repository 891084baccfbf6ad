# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""50 settings by moodle_config beside one call of Moodle's own cfg.php, on a running site."""

from __future__ import annotations

import itertools
import json
import pathlib
import sys
import typing as t

from packed import cost_of, packed
from report import Row, alternate
from support.site import Site

CFG = ["php", "/srv/moodle/admin/cli/cfg.php"]
PROGRAM = "/opt/campus-moodle/bin/moodle"
AIM = "1.2"


def settings_of(value: str) -> dict[str, dict[str, str]]:
    """Return 50 settings that nothing else uses."""
    return {
        "core": {f"campus_bench_{number}": value for number in range(25)},
        "local_campus_bench": {f"name_{number}": value for number in range(25)},
    }


def settings_rows(site: Site, folder: pathlib.Path, rounds: int) -> list[Row]:
    """Nothing to change: a task beside a task, then the commands without Ansible. Then a task that changes all of them."""
    reach = ["docker", "exec", "--interactive", str(site.container("php")["Id"])]
    environ = site.controller.environment()
    count = itertools.count()

    def task(name: str, changed: bool, **args: t.Any) -> t.Callable[[], float]:
        run = packed(pathlib.Path(sys.executable), name, args, folder / str(next(count)), environ)
        return lambda: run(changed=changed).wall

    def enforce(value: str, *, changed: bool = False) -> t.Callable[[], float]:
        return task("campus.moodle.moodle_config", changed, runner=[*reach, PROGRAM], settings=settings_of(value))

    def cfg(*options: str) -> t.Callable[[], float]:
        return task("ansible.builtin.command", True, argv=[*reach, *CFG, *options])

    def command(*words: str, text: str = "") -> t.Callable[[], float]:
        return lambda: cost_of([*reach, *words], environ, text)[0].wall

    nothing = task("ansible.builtin.ping", False, data="pong")
    # Each of the two changes what the other one has left.
    turns = itertools.cycle([enforce("even", changed=True), enforce("odd", changed=True)])
    changes = {"ours": lambda: next(turns)(), "reference": cfg("--name=campus_bench_one", "--set=1"), "nothing": nothing}
    # Last, because packing a task runs it once: these values are there when the measurement begins.
    tasks = {"ours": enforce("same"), "reference": cfg("--name=country"), "nothing": nothing}
    commands = {"ours": command(PROGRAM, "settings", text=json.dumps(settings_of("same"))), "reference": command(*CFG, "--name=country")}
    title = "clock: moodle_config with 50 settings beside one cfg.php"
    return [
        alternate(f"{title}, unchanged", AIM, rounds, **tasks),
        alternate(f"{title}, unchanged, the commands alone", AIM, rounds, **commands),
        alternate(f"{title}, all changed", AIM, rounds, **changes),
    ]
