# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Makes accounts as requested: the story of moodle_user."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram
from .results import confirm, difference, given

FIELDS = ["firstname", "lastname", "email", "auth", "idnumber", "institution", "department", "city", "country", "lang", "timezone"]
USER: dict[str, dict[str, t.Any]] = {
    "username": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "suspended", "absent"], "default": "present"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    **{field: {"type": "str"} for field in FIELDS},
}

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "users": {"type": "list", "elements": "dict", "required": True, "options": USER},
    "confirm_absent": {"type": "list", "elements": "str", "default": []},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Hand the users over and report the difference."""
    request = {"users": given(params["users"])}
    confirm(request["users"], "username", params["confirm_absent"])
    answer = program.enforce("users", request, check=check_mode, what="change the users")
    before, after = answer["before"], answer["after"]
    return {
        "changed": answer["changed"],
        "users": answer["users"],
        "before": before,
        "after": after,
        "warnings": answer["warnings"],
        "diff": difference(before, after, "users"),
    }
