# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What a module costs, as Ansible runs it and from its own file.

Ansible packs a module with all that it imports from collections and from Ansible into an archive without bytecode, so it compiles all of
that in every run. That is what a task costs; what the code of the module itself does is seen better without.
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import time
import typing as t


class Cost(t.NamedTuple):
    """Seconds on the clock, and those of all processes on the processor."""

    wall: float
    cpu: float


class Task:
    """A module with its arguments, run without Ansible."""

    def __init__(self, name: str, command: list[str], environ: dict[str, str], text: str = "") -> None:
        self._name = name
        self._command = command
        # Installed libraries get their bytecode in the first run, where their installation has not made it.
        self._environ = {**environ, "PYTHONDONTWRITEBYTECODE": ""}
        self._text = text

    def __call__(self, *, changed: bool | None = False) -> Cost:
        """Run it; it must succeed and must or must not change something, None for whatever it does."""
        cost, output = cost_of(self._command, self._environ, self._text)
        result = json.loads(output.splitlines()[-1])
        assert not result.get("failed"), f"{self._name} failed: {result['msg']}"
        assert changed in (None, result.get("changed", False)), f"{self._name} should have said changed={changed}: {result}"
        return cost


def packed(python: pathlib.Path, name: str, args: t.Mapping[str, t.Any], folder: pathlib.Path, environ: t.Mapping[str, str]) -> Task:
    """Let Ansible pack a module and run it once.

    Args:
        python: interpreter of the module; Ansible is installed beside it.
        name: full name of the module.
        args: its options.
        folder: a new folder, for the packed file.
        environ: environment of Ansible and of the module.
    """
    folder.mkdir(parents=True)
    kept = {"ANSIBLE_REMOTE_TMP": str(folder), "ANSIBLE_KEEP_REMOTE_FILES": "true", "ANSIBLE_PIPELINING": "false"}
    place = ["localhost", "--inventory=localhost,", "--connection=local", f"--extra-vars=ansible_python_interpreter={python}"]
    ansible = [str(python.with_name("ansible")), *place, f"--module-name={name}", f"--args={json.dumps(dict(args))}"]
    done = subprocess.run(ansible, cwd=folder, env={**environ, **kept}, input="", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} cannot be measured: {done.stdout}{done.stderr}"
    (payload,) = folder.glob("ansible-tmp-*/AnsiballZ_*.py")
    return Task(name, [str(python), str(payload)], dict(environ))


def unpacked(python: pathlib.Path, name: str, args: t.Mapping[str, t.Any], folder: pathlib.Path, environ: t.Mapping[str, str]) -> Task:
    """Run a module from its own file once, with bytecode for all that it imports; the arguments are those of packed()."""
    collection, _, short = name.rpartition(".")
    module = f"ansible.modules.{short}" if collection == "ansible.builtin" else f"ansible_collections.{collection}.plugins.modules.{short}"
    paths = {"PYTHONPATH": environ["ANSIBLE_COLLECTIONS_PATH"], "PYTHONPYCACHEPREFIX": str(folder)}
    task = Task(name, [str(python), "-m", module], {**environ, **paths}, json.dumps({"ANSIBLE_MODULE_ARGS": dict(args)}))
    task(changed=None)
    return task


def cost_of(command: t.Sequence[str], environ: t.Mapping[str, str], text: str = "") -> tuple[Cost, str]:
    """Run a command, which must succeed, and return its cost and its output. No other child process may end meanwhile."""
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=dict(environ), input=text, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, f"{os.path.basename(command[0])} returned {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout
