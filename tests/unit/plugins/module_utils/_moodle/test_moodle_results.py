# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the moodle_* modules make of options and answers."""

from __future__ import annotations

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import ProgramError
from ansible_collections.campus.moodle.plugins.module_utils._moodle.results import confirm, difference, given, masked


def test_options_that_the_task_left_out_are_not_wanted() -> None:
    options = {"name": "a", "city": None, "visible": False, "rows": [{"roles": [], "state": None}]}
    assert given(options) == {"name": "a", "visible": False, "rows": [{"roles": []}]}


def test_nothing_is_deleted_that_is_not_named_twice() -> None:
    rows = [{"name": "a", "state": "absent"}, {"name": "b", "state": "absent"}, {"name": "c", "state": "present"}]
    confirm(rows, "name", ["a", "b"])
    with pytest.raises(ProgramError, match="to delete b, name them in confirm_absent"):
        confirm(rows, "name", ["a"])


def test_an_unchanged_thing_has_an_empty_diff() -> None:
    assert difference({"a": 1}, {"a": 1}, "x") == {"before": "", "after": "", "before_header": "x", "after_header": "x"}
    assert difference({}, {"a": 1}, "x")["after"] == '{\n  "a": 1\n}\n'


def test_what_the_task_calls_secret_is_masked_whatever_its_name() -> None:
    values = {"core": {"motto": "old", "lang": "en", "empty": ""}}
    assert masked(values, {"core": {"motto": "new", "empty": ""}}, "*") == {"core": {"motto": "*", "lang": "en", "empty": ""}}
