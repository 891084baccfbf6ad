# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Makes categories, courses and enrolments as requested: the story of moodle_course."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram
from .results import confirm, difference, given

CATEGORY: dict[str, dict[str, t.Any]] = {
    "idnumber": {"type": "str", "required": True},
    "name": {"type": "str"},
    "parent": {"type": "str"},
    "description": {"type": "str"},
    "visible": {"type": "bool"},
}
ENROLMENT: dict[str, dict[str, t.Any]] = {
    "username": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "suspended", "absent"], "default": "present"},
    "roles": {"type": "list", "elements": "str", "default": ["student"]},
}
COURSE: dict[str, dict[str, t.Any]] = {
    "shortname": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "fullname": {"type": "str"},
    "idnumber": {"type": "str"},
    "category": {"type": "str"},
    "summary": {"type": "str"},
    "format": {"type": "str"},
    "visible": {"type": "bool"},
    "enrolments": {"type": "list", "elements": "dict", "default": [], "options": ENROLMENT},
}

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "categories": {"type": "list", "elements": "dict", "default": [], "options": CATEGORY},
    "courses": {"type": "list", "elements": "dict", "default": [], "options": COURSE},
    "confirm_absent": {"type": "list", "elements": "str", "default": []},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Hand everything over and report the difference."""
    request = {name: given(params[name]) for name in ("categories", "courses")}
    confirm(request["courses"], "shortname", params["confirm_absent"])
    answer = program.enforce("courses", request, check=check_mode, what="change the courses")
    before, after = answer["before"], answer["after"]
    return {
        "changed": answer["changed"],
        "categories": answer["categories"],
        "courses": answer["courses"],
        "before": before,
        "after": after,
        "warnings": answer["warnings"],
        "diff": difference(before, after, "courses"),
    }
