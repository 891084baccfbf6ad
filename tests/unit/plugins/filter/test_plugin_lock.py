# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A lock as a path and as text gives plugins or sentences. What is wrong in a lock is for test_image_lock.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.filter.plugin_lock import plugin_lock

ROW: dict[str, Any] = {"component": "mod_new", "version": 2024100700, "source": "https://example.edu/new.zip", "sha256": "A" * 64}
PLAIN = {**ROW, "version": "2024100700", "sha256": "a" * 64}


@pytest.mark.parametrize("content", [[ROW], {"plugins": [ROW]}])
def test_a_path_and_a_text_give_the_same(tmp_path: Path, content: Any) -> None:
    text = yaml.safe_dump(content)
    (tmp_path / "lock.yml").write_text(text)
    assert plugin_lock(str(tmp_path / "lock.yml")) == plugin_lock(text) == [PLAIN]


@pytest.mark.parametrize("text", ["[]", "plugins: []", "plugins:", "# nothing yet\n"])
def test_a_lock_without_plugins_is_fine(text: str) -> None:
    assert plugin_lock(text) == []


def test_the_home_directory_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "lock.yml").write_text(yaml.safe_dump([ROW]))
    assert plugin_lock("~/lock.yml") == [PLAIN]


def test_files_are_looked_for_beside_a_lock_and_named_as_they_are_in_a_text(tmp_path: Path) -> None:
    text = yaml.safe_dump([{**ROW, "source": "new.zip"}])
    (tmp_path / "lock.yml").write_text(text)
    with pytest.raises(AnsibleFilterError, match=r"new\.zip, which does not exist"):
        plugin_lock(str(tmp_path / "lock.yml"))
    (tmp_path / "new.zip").write_bytes(b"")
    assert plugin_lock(str(tmp_path / "lock.yml"))[0]["source"] == str(tmp_path / "new.zip")
    assert plugin_lock(text)[0]["source"] == "new.zip"


@pytest.mark.parametrize(
    ("lock", "sentence"),
    [
        ("/nowhere/lock.yml", "The plugin lock /nowhere/lock.yml cannot be read: No such file or directory."),
        ("- {component: mod_new}", "The plugin lock: mod_new has no version. The plugin lock: mod_new has no source."),
        ("a: [\n", "The plugin lock is not valid YAML:"),
        ("text\nmore", "The plugin lock must be a list of plugins, or have the single key 'plugins' with that list."),
        ([ROW], "plugin_lock needs the path or the text of a plugin lock, not list."),
        ("", "plugin_lock needs the path or the text of a plugin lock, not nothing."),
        (None, "plugin_lock needs the path or the text of a plugin lock, not NoneType."),
    ],
)
def test_mistakes_are_sentences(lock: Any, sentence: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        plugin_lock(lock)
    assert sentence in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(AnsibleFilterError, match="is not text in UTF-8"):
        plugin_lock(str(tmp_path / "lock.yml"))
