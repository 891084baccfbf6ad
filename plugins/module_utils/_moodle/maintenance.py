# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Closes a site to its users, or opens it: the story of moodle_maintenance."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram
from .results import difference

# State of the module to the word of the program.
WORDS = {"enabled": "on", "disabled": "off", "scheduled": "later"}
STATES = {word: state for state, word in WORDS.items()}

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": list(WORDS), "required": True},
    "minutes": {"type": "int"},
    "notice": {"type": "str"},
}
REQUIRED_IF = [("state", "scheduled", ["minutes"])]


def run(program: MoodleProgram, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Open or close, and report the difference."""
    fields = ["changed", "before", "after", "begins"]
    answer = program.ask("maintenance", *arguments(params, check=check_mode), what="change the maintenance", fields=fields)
    before, after = readable(answer["before"]), readable(answer["after"])
    return {"changed": answer["changed"], **after, "begins": answer["begins"], "diff": difference(before, after, "maintenance")}


def arguments(params: t.Mapping[str, t.Any], *, check: bool) -> list[str]:
    """Return the words for the program."""
    options = {"--minutes": params["minutes"], "--message": params["notice"]}
    return [
        WORDS[params["state"]],
        *(f"{name}={value}" for name, value in options.items() if value is not None),
        *["--check"] * check,
    ]


def readable(side: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one side of the answer in the words of the module."""
    return {"state": STATES[side["state"]], "notice": side["message"]}
