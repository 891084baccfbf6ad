# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings the database to the version of the code: the story of moodle_upgrade."""

from __future__ import annotations

import typing as t

from .._tool.errors import ToolError
from .program import MoodleProgram, ProgramError, database_changed
from .results import difference

ARGUMENTS: dict[str, dict[str, t.Any]] = {"allow_maintenance": {"type": "bool", "default": False}}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Upgrade if something is pending. Every failure says whether the database was changed."""
    try:
        return upgrade(program, check=check_mode, allow_maintenance=params["allow_maintenance"])
    except ToolError as error:
        error.details = {"changed": False, "database_changed": False, **error.details}
        raise


def upgrade(program: MoodleProgram, *, check: bool, allow_maintenance: bool) -> dict[str, t.Any]:
    """Do what is pending and return the module's result."""
    plan = foresee(program, allow_maintenance=allow_maintenance)
    before, after = {"version": plan["database_version"]}, {"version": plan["code_version"]}
    changed = plan["action"] != "none"
    result = {
        "changed": changed,
        "action": plan["action"],
        "from_version": before["version"],
        "to_version": after["version"],
        "maintenance": plan["maintenance_required"],
        "upgrade_warnings": plan["warnings"],
        "diff": difference(before, after if changed else before, "database"),
    }
    if not changed or check:
        return result
    try:
        answer = program.upgrade(allow_maintenance=allow_maintenance)
    except ToolError as error:
        # An upgrade that ran out of time goes on in the container.
        touched = database_changed(error)
        error.details.update(database_changed=touched, changed=touched)
        raise
    return {**result, "seconds": answer["seconds"], "upgrade_warnings": [*plan["warnings"], *answer["warnings"]]}


def foresee(program: MoodleProgram, *, allow_maintenance: bool) -> dict[str, t.Any]:
    """Return what an upgrade would do; refuse what must not be done."""
    plan = program.preflight("upgrade the site")
    if plan["action"] == "install":
        msg = "Could not upgrade the site: there is no finished Moodle in the database."
        raise ProgramError(msg, error="not_installed")
    if plan["maintenance_required"] and not allow_maintenance:
        msg = "Could not upgrade the site: its tables change, so it has to be closed, and allow_maintenance is false."
        raise ProgramError(msg, error="maintenance")
    return plan
