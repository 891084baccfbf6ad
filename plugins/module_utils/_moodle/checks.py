# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Runs Moodle's own checks, and fails where one is too bad: the story of moodle_check_info."""

from __future__ import annotations

import collections
import typing as t

from .program import MoodleProgram, ProgramError

# From good to bad. The monitoring status of checks.php puts unknown above critical, and so hides it.
LEVELS = ["na", "ok", "info", "warning", "unknown", "error", "critical"]

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "types": {"type": "list", "elements": "str", "choices": ["status", "security", "performance"], "default": ["status"]},
    "refs": {"type": "list", "elements": "str"},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "fail_on": {"type": "str", "choices": ["never", *LEVELS[3:]], "default": "never"},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Run the checks, and fail where one of them is as bad as fail_on or worse."""
    answer = program.ask("checks", *params["types"], what="run the checks", fields=["checks"])
    result = evaluate(answer["checks"], params)
    failed = [check for check in result["checks"] if check["ref"] in result["failed_checks"]]
    if failed:
        listed = "".join(f"\n- {check['ref']} is {check['status']}: {check['summary']}" for check in failed)
        raise ProgramError(f"{len(failed)} of {len(result['checks'])} checks failed.{listed}", error="checks", **result)
    return {"changed": False, **result}


def evaluate(found: t.Sequence[dict[str, t.Any]], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Sort the checks and name those that fail the task."""
    refs, ignored = params["refs"], params["ignore"]
    checks = sorted(
        (check for check in found if refs is None or check["ref"] in refs), key=lambda check: (-rank(check["status"]), check["ref"])
    )
    counted = [check for check in checks if check["ref"] not in ignored]
    limit = len(LEVELS) if params["fail_on"] == "never" else rank(params["fail_on"])
    missing = sorted(set(refs or []) - {check["ref"] for check in checks})
    if missing:
        msg = f"There are no checks {', '.join(missing)} among the types {', '.join(params['types'])}."
        raise ProgramError(msg, error="unknown_check")
    worst = counted[0]["status"] if counted else "ok"
    return {
        "checks": checks,
        "worst": worst,
        "counts": dict(collections.Counter(check["status"] for check in checks)),
        "failed_checks": [check["ref"] for check in counted if rank(check["status"]) >= limit],
        "summary": [f"Checks     {len(checks)}, the worst is {worst}"],
    }


def rank(status: str) -> int:
    """Return how bad a status is. One that a newer Moodle invents is as bad as no answer."""
    return LEVELS.index(status if status in LEVELS else "unknown")
