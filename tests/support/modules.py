# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Runs modules of the collection as processes of their own, with arguments as Ansible hands them over."""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import yaml

PLUGINS = "ansible_collections.campus.moodle.plugins"
MODULES = f"{PLUGINS}.modules"
# Settings of the tools under test: what the person who runs the tests has set must not decide a test.
FOREIGN = ("HELM_", "K8S_AUTH_", "KUBE", "RESTIC_", "AWS_", "ANSIBLE_")


class FourBeats(t.NamedTuple):
    """The results of check mode, the real run, and the same two again."""

    check: dict[str, t.Any]
    do: dict[str, t.Any]
    check_again: dict[str, t.Any]
    do_again: dict[str, t.Any]


class ModuleRunner:
    """Runs a module by its short name and returns its result, as a task would register it. Asserts nothing."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def __call__(
        self,
        name: str,
        args: t.Mapping[str, t.Any],
        *,
        check: bool = False,
        diff: bool = True,
        environ: t.Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> dict[str, t.Any]:
        """Run the module.

        Args:
            name: short name, for example restic_backup.
            args: its options; a value of None counts as not given.
            check: check mode.
            diff: whether a diff is asked for.
            environ: variables on top of the environment, where settings of the tools themselves are not inherited.
            timeout: seconds; a module that takes longer raises subprocess.TimeoutExpired.
        """
        internal = {
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            "_ansible_module_name": f"campus.moodle.{name}",
            "_ansible_remote_tmp": str(self._folder),
            "_ansible_keep_remote_files": False,
        }
        done = subprocess.run(
            [sys.executable, "-m", f"{MODULES}.{name}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}}),
            cwd=self._folder,
            env=environment(environ, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"]),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return result_of(done)


def environment(extra: t.Mapping[str, str] | None = None, /, **more: str) -> dict[str, str]:
    """Return the environment of this process without settings of the tools, and with the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**inherited, **more, **(extra or {})}


def result_of(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    """Read the result that a module printed last; a module that crashed gets the result that Ansible makes of it."""
    lines = done.stdout.splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        result = {
            "failed": True,
            "msg": "MODULE FAILURE",
            "module_stdout": done.stdout,
            "module_stderr": done.stderr,
            "rc": done.returncode,
        }
    return {"changed": False, "failed": False, **result}


def four_beats(run_module: ModuleRunner, name: str, args: t.Mapping[str, t.Any], **options: t.Any) -> FourBeats:
    """Run check, do, check, do. The first check must predict the first run, and the second pair must find nothing to do."""
    beats = FourBeats(*(run_module(name, args, check=check, **options) for check in (True, False, True, False)))
    for label, result in zip(FourBeats._fields, beats):
        assert not result["failed"], f"{label}: {result.get('msg')}\n{result.get('module_stderr', '')}"
    assert beats.check["changed"] == beats.do["changed"], f"check mode predicted changed={beats.check['changed']}"
    assert beats.check.get("diff") == beats.do.get("diff"), "check mode showed another diff than the run"
    assert not beats.check_again["changed"], f"check mode after the run still sees: {beats.check_again.get('diff')}"
    assert not beats.do_again["changed"], f"the second run changed again: {beats.do_again.get('diff')}"
    return beats


def examples_of(name: str, kind: str = "modules") -> list[dict[str, t.Any]]:
    """Return what EXAMPLES of a plugin show: tasks, or the sources of an inventory plugin. kind is the plugin's folder."""
    documents = yaml.safe_load_all(importlib.import_module(f"{PLUGINS}.{kind}.{name}").EXAMPLES)
    return [row for document in documents for row in (document if isinstance(document, list) else [document])]
