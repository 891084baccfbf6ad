# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Settings on their way to the image. What the image takes and refuses is tested with the image."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._moodle import settings
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MoodleProgram
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

SECRETS = {"core": {"b": "s"}, "mod_x": {"y": False}}


def test_both_kinds_of_settings_become_one_and_secret_ones_win() -> None:
    assert settings.merged({"core": {"a": True, "b": 2, "c": None}}, SECRETS) == {
        "core": {"a": True, "b": "s", "c": None},
        "mod_x": {"y": False},
    }


@pytest.mark.parametrize(
    ("public", "secret", "sent"),
    [
        ({"core": ["lang"]}, {"core": {"a": "1"}}, {"core": ["lang"]}),
        ({"core": {"a": "1"}}, {"core": None}, {"core": None}),
        ({}, {"core": "text"}, {"core": "text"}),
        ({"core": "text"}, {}, {"core": "text"}),
    ],
)
def test_what_has_no_names_is_left_to_the_image_to_refuse(public: t.Any, secret: t.Any, sent: t.Any) -> None:
    assert settings.merged(public, secret) == sent


def test_a_secret_reaches_the_program_and_no_result() -> None:
    answer = {
        "changed": True,
        "before": {"core": {"b": "old", "motto": "x"}},
        "after": {"core": {"b": "s", "motto": "z"}},
        "locked": ["core/debug"],
    }
    seen: list[str | None] = []

    def run(_command: list[str], text: str | None = None, /) -> Result:
        seen.append(text)
        return Result(0, json.dumps(answer), "")

    params = {"settings": {"core": {"motto": "z"}}, "secret_settings": {"core": {"b": "s"}}}
    result = settings.run(MoodleProgram(run, ["moodle"]), params, check_mode=False)
    assert json.loads(seen[0] or "") == {"core": {"motto": "z", "b": "s"}}
    assert (result["before"], result["after"]) == (
        {"core": {"b": "(secret)", "motto": "x"}},
        {"core": {"b": "(secret, changed)", "motto": "z"}},
    )
    assert "old" not in str(result)
    assert result["warnings"] == ["config.php fixes these settings to another value, so they were left alone: core/debug."]
