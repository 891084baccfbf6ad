# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A stand-in for the program helm, and what real ones have written and said (helm_records)."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._cli import Result
from ansible_collections.campus.moodle.plugins.module_utils._helm_storage import decode, encode

RECORDS = {
    int(path.stem[-1]): json.loads(path.read_text(encoding="utf-8")) for path in (pathlib.Path(__file__).parent / "helm_records").iterdir()
}


def recorded(major: int, revision: int) -> dict[str, t.Any]:
    """Return the Secret of a release that a real helm has written."""
    return t.cast("dict[str, t.Any]", copy.deepcopy(RECORDS[major]["secrets"][revision - 1]))


def secret(number: int = 1, status: str = "deployed", *, digest: str = "", written: int = 0, **body: t.Any) -> dict[str, t.Any]:
    """Return the Secret of a release of our own."""
    labels = {"name": "web", "owner": "helm", "status": status, "version": str(number), "modifiedAt": str(written)}
    if digest:
        labels["campus.moodle/input"] = digest
    release = {"name": "web", "namespace": "physics", "version": number, "info": {"status": status}, **body}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"sh.helm.release.v1.web.v{number}", "namespace": "physics", "labels": labels},
        "data": {"release": encode(release)},
    }


def body_of(stored: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the release in a Secret."""
    return decode(stored["data"]["release"])


class FakeRun:
    """Answers commands by their first word, and remembers them with what they got on standard input."""

    def __init__(self, **answers: Result | Exception | t.Callable[[], Result]) -> None:
        self.answers = {"version": Result(0, "v4.3.1", ""), **answers}
        self.commands: list[list[str]] = []
        self.texts: list[str | None] = []

    def __call__(self, command: list[str], text: str | None = None, /) -> Result:
        """Answer."""
        self.commands.append(command)
        self.texts.append(text)
        answer = self.answers.get(command[1], Result(0, "", ""))
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer
