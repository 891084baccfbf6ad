# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Runs playbooks of the collection by their full names, from outside the repository, as a user does."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

from support import REPOSITORY

MESSAGE = re.compile(r'"msg": ("(?:[^"\\]|\\.)*")')
IMPORTED = re.compile(r"import_playbook: (campus\.moodle\.\w+)")
RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=\d+.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run of ansible-playbook.

    counts holds the recap of each host, for example {"e2e": {"ok": 41, "changed": 0, "failed": 0}}.
    """

    rc: int
    output: str = dataclasses.field(repr=False)
    counts: dict[str, dict[str, int]]

    def total(self, name: str) -> int:
        """Sum one counter of the recap over all hosts."""
        return sum(counts.get(name, 0) for counts in self.counts.values())

    @property
    def reasons(self) -> str:
        """What failed tasks said, for a failing assertion to show; the end of the output where no task failed."""
        return "\n".join(said for _host, said in self._failures()) or self.output[-3000:]

    def reasons_of(self, host: str) -> str:
        """What the failed tasks of one host said; nothing where none failed."""
        return "\n".join(said for failed, said in self._failures() if failed == host)

    def _failures(self) -> t.Iterator[tuple[str, str]]:
        for text in self.output.split("fatal: [")[1:]:
            if match := MESSAGE.search(text):
                yield re.split(r"[\] ]", text, maxsplit=1)[0], str(json.loads(match[1]))

    @property
    def changed_tasks(self) -> list[str]:
        """Names of the tasks that reported a change, for a failing assertion to show."""
        task, names = "", []
        for line in self.output.splitlines():
            if line.startswith(("TASK [", "RUNNING HANDLER [")):
                task = line.split("[", 1)[1].rsplit("]", 1)[0]
            elif line.startswith("changed: "):
                names.append(task)
        return names


def parse_recap(output: str) -> dict[str, dict[str, int]]:
    """Read the counters below PLAY RECAP."""
    recap = output.rpartition("PLAY RECAP")[2]
    return {
        match["host"]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match["counts"])} for match in RECAP.finditer(recap)
    }


class Shape(t.NamedTuple):
    """What two runs have in common that do the same to different sites."""

    playbook: str
    tags: tuple[str, ...]
    variables: frozenset[str]
    check: bool


def shape_of(playbook: str, arguments: t.Sequence[str]) -> Shape:
    """Return the shape of a run; its arguments are words as in a command line. How much it shows makes no difference."""
    given = argparse.ArgumentParser()
    given.add_argument("--tags", action="append", default=[])
    given.add_argument("-e", "--extra-vars", action="append", default=[])
    given.add_argument("--check", action="store_true")
    known, _others = given.parse_known_args(arguments)
    variables = frozenset(name.partition("=")[0] for name in known.extra_vars if not name.startswith("ansible_"))
    return Shape(playbook.removeprefix("campus.moodle."), tuple(known.tags), variables, known.check)


class Controller:
    """A folder with an inventory and the collection in a tree of the shape that Ansible wants. `played` are the runs that ended well."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.collections = folder / "collections"
        namespace = self.collections / "ansible_collections" / "campus"
        namespace.mkdir(parents=True)
        (namespace / "moodle").symlink_to(REPOSITORY)
        self._configuration = folder / "ansible.cfg"
        self._configuration.touch()
        self.played: set[Shape] = set()

    def write_inventory(self, sites: t.Mapping[str, t.Mapping[str, t.Any]]) -> pathlib.Path:
        """Write an inventory of sites, each with its variables (None removes one); JSON is YAML, and needs no library."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {name: {**local, **{key: value for key, value in site.items() if value is not None}} for name, site in sites.items()}
        path = self.folder / f"{next(iter(sites))}.inventory.yml"
        path.write_text(json.dumps({"moodle_sites": {"hosts": hosts}}, indent=2), encoding="utf-8")
        return path

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a run; a configuration file of the user must not decide the result."""
        return {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_CONFIG": str(self._configuration),
            "ANSIBLE_FORCE_COLOR": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_INJECT_FACT_VARS": "false",
            "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **(extra or {}),
        }

    def play(
        self,
        playbook: str | pathlib.Path,
        inventory: pathlib.Path,
        *arguments: str,
        environment: dict[str, str] | None = None,
        timeout: float = 1500,
    ) -> Run:
        """Run a playbook of the collection and keep everything it prints.

        Args:
            playbook: short name, for example site for campus.moodle.site, or the path of any other playbook.
            inventory: path of the inventory.
            arguments: further arguments, for example --check.
            environment: variables on top of environment().
            timeout: seconds; a run that takes longer raises subprocess.TimeoutExpired.
        """
        named = f"campus.moodle.{playbook}" if isinstance(playbook, str) else str(playbook)
        done = subprocess.run(
            ["ansible-playbook", named, "-i", str(inventory), *arguments],
            cwd=self.folder,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        log = self.folder / "runs.log"
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"### {playbook} {' '.join(arguments)}\n{done.stdout}\n")
        if done.returncode == 0:
            names = [named] if isinstance(playbook, str) else IMPORTED.findall(playbook.read_text(encoding="utf-8"))
            self.played |= {shape_of(name, arguments) for name in names}
        return Run(done.returncode, done.stdout, parse_recap(done.stdout))
