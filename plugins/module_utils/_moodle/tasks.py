# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Reads how the background tasks do, and fails where a limit does not hold: the story of moodle_task_info."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram, ProgramError

# Option to what it limits, and the sentence when that is more.
LIMITS: dict[str, tuple[t.Callable[[t.Mapping[str, t.Any]], t.Optional[int]], str]] = {
    "max_cron_age": (lambda found: found["cron"]["age"], "Cron started {found} seconds ago; {limit} are allowed."),
    "max_queue": (lambda found: found["queue"]["due"], "{found} ad hoc tasks are due and wait; {limit} are allowed."),
    "max_queue_age": (lambda found: found["queue"]["oldest"], "An ad hoc task has been due for {found} seconds; {limit} are allowed."),
    "max_failing": (
        lambda found: found["queue"]["failing"] + found["scheduled"]["failing"],
        "{found} tasks failed in their last run; {limit} are allowed.",
    ),
    "max_running": (
        lambda found: max((task["seconds"] for task in found["running"]), default=0),
        "A task has been running for {found} seconds; {limit} are allowed.",
    ),
}
NEVER = "Cron has never run."

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "since": {"type": "int", "default": 86400},
    **{option: {"type": "int"} for option in LIMITS},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Read the tables and compare them with the limits."""
    fields = ["cron", "queue", "scheduled", "running"]
    found = program.ask("tasks", f"--since={params['since']}", what="look at the tasks", fields=fields)
    found["violations"] = violations(found, params)
    found["summary"] = summary(found)
    if found["violations"]:
        raise ProgramError(" ".join(sentence(violation) for violation in found["violations"]), error="tasks", **found)
    return {"changed": False, **found}


def violations(found: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the limits that do not hold."""
    measured = [(option, params[option], look(found)) for option, (look, _sentence) in LIMITS.items() if params[option] is not None]
    return [{"option": option, "limit": limit, "found": value} for option, limit, value in measured if value is None or value > limit]


def sentence(violation: t.Mapping[str, t.Any]) -> str:
    """Return a violation in words."""
    return NEVER if violation["found"] is None else LIMITS[violation["option"]][1].format(**violation)


def summary(found: t.Mapping[str, t.Any]) -> list[str]:
    """Return in two lines what a person wants to know."""
    age = found["cron"]["age"]
    return [
        "Cron       " + ("has never run" if age is None else f"started {age} seconds ago"),
        f"Queue      {found['queue']['due']} ad hoc tasks wait, {found['queue']['failing']} fail",
    ]
