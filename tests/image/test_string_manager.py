# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The strings of web requests, on top of a stand-in for Moodle's string manager (php/strings.php says how)."""

from __future__ import annotations

from pathlib import Path

from runtime import run_php


def test_moodle_is_asked_once_for_each_language_and_revision_of_its_strings(tmp_path: Path) -> None:
    answer = run_php("strings.php", str(tmp_path))
    calls = answer["calls"]
    # The number of the call that brought a text tells whether it came from Moodle or from a file.
    assert calls["first"] == calls["again"] == calls["next request"] == 1
    assert calls["other language"] == 2
    assert calls["after a purge"] == max(calls.values())
    assert answer["name"] == "en mod_forum it's $1"


def test_who_wants_no_cache_gets_none_and_odd_names_become_no_path(tmp_path: Path) -> None:
    answer = run_php("strings.php", str(tmp_path))
    asked = ["without caches", "without local strings", "a path as a name", "a path as a language"]
    assert [answer["calls"][step] for step in asked] == [3, 4, 5, 6]
    assert answer["files"] == ["strings/7/de-mod_forum.php", "strings/7/en-mod_forum.php", "strings/8/en-mod_forum.php"]
