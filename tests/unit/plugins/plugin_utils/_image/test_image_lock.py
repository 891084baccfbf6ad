# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A plugin lock says what is wrong with it in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.plugin_utils._image import lock

GOOD: dict[str, Any] = {"component": "mod_new", "version": 2024100700, "source": "https://example.edu/new.zip?a=b=c", "sha256": "A" * 64}


def write(tmp_path: Path, content: Any) -> str:
    path = tmp_path / "plugins.lock.yml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("content", [[GOOD], {"plugins": [GOOD]}])
def test_both_forms_are_read(tmp_path: Path, content: Any) -> None:
    plugins, problems = lock.read(write(tmp_path, content))
    assert problems == []
    assert plugins == [
        {
            "component": "mod_new",
            "version": "2024100700",
            "sha256": "a" * 64,
            "url": "https://example.edu/new.zip?a=b=c",
            "path": "",
            "headers_file": "",
        }
    ]


def test_paths_are_relative_to_the_lock(tmp_path: Path) -> None:
    (tmp_path / "new.zip").write_bytes(b"")
    plugins, problems = lock.read(write(tmp_path, [{**GOOD, "source": "new.zip"}]))
    assert problems == []
    assert plugins[0]["path"] == str(tmp_path / "new.zip")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: [", "is not valid YAML"),
        ("text", "must be a list of plugins"),
        ({"plugins": [], "other": 1}, "must be a list of plugins"),
        (["text"], "entry 1 must have the keys component, version, source, sha256."),
        ([{**GOOD, "colour": 1, "git": 2}], "mod_new has unknown keys: colour, git."),
        ([{key: value for key, value in GOOD.items() if key != "sha256"}], "mod_new has no sha256."),
        ([{**GOOD, "sha256": "abc"}], "mod_new has a sha256 that is not 64 hexadecimal digits."),
        ([{**GOOD, "component": "Mod New"}], "'Mod New' is not a component name"),
        ([{**GOOD, "component": "../mod_new"}], "'../mod_new' is not a component name"),
        ([{**GOOD, "version": "v2.1"}], "mod_new has the version 'v2.1', which is not a plugin version"),
        ([{**GOOD, "source": "http://example.edu/new.zip"}], "mod_new has an unencrypted source; use https."),
        ([GOOD, GOOD], "mod_new is there more than once."),
        ([{**GOOD, "source": "gone.zip"}], "gone.zip, which does not exist."),
        ([{**GOOD, "headers_file": "gone.txt"}], "gone.txt, which does not exist."),
    ],
)
def test_mistakes_are_named(tmp_path: Path, content: Any, sentence: str) -> None:
    _, problems = lock.read(write(tmp_path, content))
    assert any(sentence in problem for problem in problems), problems


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in lock.read(str(tmp_path / "none.yml"))[1][0]


def test_an_empty_lock_is_fine(tmp_path: Path) -> None:
    assert lock.read(write(tmp_path, "")) == ([], [])
