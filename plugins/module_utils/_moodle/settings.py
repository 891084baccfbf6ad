# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Enforces settings: the story of moodle_config. What can be a setting, and how Moodle stores it, the image decides."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram
from .results import MASK_AFTER, MASK_BEFORE, difference, masked

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "settings": {"type": "dict", "required": True},
    "secret_settings": {"type": "dict", "default": {}, "no_log": True},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Hand the settings over and report the difference."""
    secrets = params["secret_settings"]
    answer = program.enforce("settings", merged(params["settings"], secrets), check=check_mode, what="apply the settings")
    before, after = masked(answer["before"], secrets, MASK_BEFORE), masked(answer["after"], secrets, MASK_AFTER)
    locked = [str(name) for name in answer.get("locked", [])]
    left = f"config.php fixes these settings to another value, so they were left alone: {', '.join(locked)}."
    return {
        "changed": answer["changed"],
        "before": before,
        "after": after,
        "locked": locked,
        "warnings": [left] if locked else [],
        "diff": difference(before, after, "settings"),
    }


def merged(settings: t.Mapping[str, t.Any], secrets: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return both as one; a secret setting wins. What has no names below its component stays, for the image to refuse."""
    result = dict(settings)
    for component, values in secrets.items():
        others = settings.get(component, {})
        odd = [one for one in (others, values) if not isinstance(one, t.Mapping)]
        result[component] = odd[0] if odd else {**others, **values}
    return result
