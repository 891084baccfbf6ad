# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A restic that answers from a list, and snapshots as it prints them."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import Snapshot, parse_snapshots
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

Answer = t.Union[str, Result]


class Answers:
    """Runs no program: gives the answers in order and keeps the commands. A text is an answer without failure."""

    def __init__(self, *answers: Answer, version: str = "0.18.1") -> None:
        self._answers = list(answers)
        self._version = version
        self.commands: list[list[str]] = []
        self.restic = Restic(self._run, "restic", repository="/srv/backup", timeout=60)

    def _run(self, command: list[str], text: t.Optional[str] = None, /) -> Result:
        if command == ["restic", "version"]:
            return Result(0, f"restic {self._version} compiled with go", "")
        self.commands.append(command[1:])
        answer = self._answers.pop(0)
        return answer if isinstance(answer, Result) else Result(0, answer, "")


def row(day: int, *, host: str = "moodle", **more: t.Any) -> dict[str, t.Any]:
    """One snapshot of a day, as restic prints it; its id tells the day."""
    return {
        "time": f"2026-10-{day:02}T03:00:00.123456789Z",
        "tree": "4de1841f",
        "paths": ["/srv/data"],
        "hostname": host,
        "username": "root",
        "id": f"{day:02}" * 32,
        "short_id": f"{day:02}" * 4,
        **more,
    }


def snapshot(day: int, **more: t.Any) -> Snapshot:
    """The same, read."""
    return parse_snapshots([row(day, **more)])[0]


def listing(*days: int) -> str:
    """The output of "restic snapshots --json"."""
    return json.dumps([row(day) for day in days])
