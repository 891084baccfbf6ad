# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The strings of web requests, on top of a stand-in for Moodle's string manager (php/strings.php says how)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runtime import PHP_FOLDER, run_php
from sites import Engine
from support.docker import docker


def test_moodle_is_asked_once_for_each_language_and_revision_of_its_strings(tmp_path: Path) -> None:
    answer = run_php("strings.php", str(tmp_path))
    calls = answer["calls"]
    # The number of the call that brought a text tells whether it came from Moodle or from a file.
    assert calls["first"] == calls["again"] == calls["next request"] == 1
    assert calls["other language"] == 2
    # One more call was for the component that does not exist.
    assert (calls["without a revision"], calls["after a purge"]) == (8, 9)
    assert answer["name"] == "en mod_forum it's $1"


def test_who_wants_no_cache_gets_none_and_odd_names_become_no_path(tmp_path: Path) -> None:
    answer = run_php("strings.php", str(tmp_path))
    asked = ["without caches", "without local strings", "a path as a name", "a path as a language"]
    assert [answer["calls"][step] for step in asked] == [3, 4, 5, 6]


def test_no_file_is_kept_of_what_does_not_exist_and_of_former_revisions(tmp_path: Path) -> None:
    answer = run_php("strings.php", str(tmp_path))
    assert answer["nothing"] == []
    # What a page from before the purge still writes harms nobody, and goes with the next purge.
    assert answer["files"] == ["strings/7/de-mod_forum.php", "strings/8/en-mod_forum.php"]


@pytest.mark.container
def test_opcache_holds_nothing_that_no_page_asks_for_any_more(engine: Engine) -> None:
    options = ["opcache.enable_cli=1", "opcache.file_update_protection=0", "opcache.enable_file_override=1", "apc.enable_cli=1"]
    php = ["php", *(word for option in options for word in ("-d", option)), "/tests/forgotten.php", "/tmp/local"]
    mounts = [f"--volume={PHP_FOLDER}:/tests:ro", "--tmpfs=/tmp:mode=1777"]
    held = json.loads(docker("run", "--rm", "--network=none", *mounts, "--entrypoint=", engine.image, *php))
    assert held == {
        "strings": ["7/de-mod_forum", "7/en-mod_forum"],
        "strings after a purge": ["8/en-mod_forum"],
        "strings after a purge that emptied the folder": ["9/en-mod_forum"],
        "copies": ["one"],
        "copies after a change": ["two"],
        "copies after a change in an emptied folder": ["three"],
        "copies after another process kept the same": ["three"],
    }
