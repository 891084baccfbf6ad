# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A world for the proofs of a report, in which everything is well unless a test says otherwise."""

from __future__ import annotations

import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._doctor._machine import Machine
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import Disk, Greeting, Shown
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

from . import site_fakes

NOW = 1_795_000_000.0
GIGABYTE = 1024**3
FILES = {
    "/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n",
    "/proc/vmstat": "nr_free_pages 5\noom_kill 0\n",
    "/proc/loadavg": "0.10 0.20 0.30 1/2 3\n",
    "/proc/uptime": "100.0 90.0\n",
    "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n',
}
SPEC = describe(
    site_fakes.OPTIONS, {"moodle_hostname": "physics.example.edu", "moodle_smtp_host": "smtp.example.edu"}, site_fakes.around()
).spec


class World:
    """The world; an answer that is an exception is raised."""

    def __init__(self, **answers: t.Any) -> None:
        self.answers: dict[str, t.Any] = {
            "now": NOW,
            "zone": "Europe/Berlin",
            "resolve": ["192.0.2.7"],
            "is_here": True,
            "disk": Disk(50 * GIGABYTE, 100 * GIGABYTE, 900, 1000),
            "greeting": Greeting("smtp.example.edu ESMTP", starttls=True),
            "certificate": Shown(("physics.example.edu",), NOW + 60 * 86400),
            "date": NOW + 1,
            "synchronised": True,
            **answers,
        }

    def read(self, path: str) -> str:
        """Return a file."""
        if path not in FILES:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.answers.get(path, FILES[path])

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        def answer(*_words: t.Any, **_options: t.Any) -> t.Any:
            found = self.answers[name]
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def machine(world: World | None = None, run: t.Any = None, problems: t.Sequence[str] = (), control: t.Any = None, **site: t.Any) -> Machine:
    """Return a machine with a site on it; site changes the description."""
    known = {"addresses": ["192.0.2.7"], "clock": {"offset": 0.2, "uncertainty": 0.1}} if control is None else control
    there: t.Any = world or World()
    return Machine(run or (lambda _command, _text=None: Result(0, "", "")), there, {**SPEC, **site}, problems, known, 10)
