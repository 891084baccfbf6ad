# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Runs tasks with the real ansible-playbook on this machine."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import yaml

from support.modules import environment

CALLBACKS = pathlib.Path(__file__).parent / "callback"


class PlayResult(t.NamedTuple):
    """A finished run: everything that was printed, and each task's result with its name under `task`."""

    rc: int
    output: str
    results: list[dict[str, t.Any]]


class PlayRunner:
    """Runs a list of tasks, or YAML with tasks or plays, and keeps everything that is printed."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(
        self,
        tasks: list[dict[str, t.Any]] | str,
        *,
        variables: t.Mapping[str, t.Any] | None = None,
        check: bool = False,
        diff: bool = True,
        verbosity: int = 3,
        environ: t.Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> PlayResult:
        """Run the tasks on localhost. The arguments are those of run_module, and variables are extra variables."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        content = yaml.safe_load(tasks) if isinstance(tasks, str) else tasks
        plays = content if "hosts" in content[0] else [{"hosts": "localhost", "gather_facts": False, "tasks": content}]
        # JSON is YAML.
        (folder / "play.yml").write_text(json.dumps(plays, indent=2), encoding="utf-8")
        (folder / "variables.json").write_text(json.dumps(dict(variables or {})), encoding="utf-8")
        (folder / "ansible.cfg").touch()
        options = [f"-{'v' * verbosity}"] * bool(verbosity) + ["--check"] * check + ["--diff"] * diff
        done = subprocess.run(
            ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", "@variables.json", *options, "play.yml"],
            cwd=folder,
            env=environment(
                environ,
                ANSIBLE_COLLECTIONS_PATH=os.environ["ANSIBLE_COLLECTIONS_PATH"],
                ANSIBLE_CONFIG=str(folder / "ansible.cfg"),
                ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS),
                ANSIBLE_CALLBACKS_ENABLED="record",
                ANSIBLE_INJECT_FACT_VARS="false",
                ANSIBLE_NOCOLOR="true",
                ANSIBLE_PYTHON_INTERPRETER=sys.executable,
                RECORD_FILE=str(folder / "results"),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        record = folder / "results"
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return PlayResult(done.returncode, done.stdout, [json.loads(line) for line in lines])
