# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Files that are replaced as a whole, and files for secrets."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._tool import files


class Module:
    """As much of AnsibleModule as a file for a secret needs."""

    def __init__(self, tmpdir: pathlib.Path) -> None:
        self.tmpdir = str(tmpdir)
        self.removed: list[str] = []

    def add_cleanup_file(self, path: str) -> None:
        """Remember it."""
        self.removed.append(path)


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_gets_its_content_its_mode_and_its_owner(tmp_path: pathlib.Path, mode: int) -> None:
    path = tmp_path / "report"
    path.write_text("a longer old content", encoding="utf-8")
    path.chmod(0o666)
    files.replace_file(str(path), "new\n", mode=mode, uid=os.geteuid())
    assert path.read_text(encoding="utf-8") == "new\n"
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (mode, os.geteuid())
    assert os.listdir(tmp_path) == ["report"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "rename"])
def test_a_failure_at_any_step_leaves_the_old_file_and_no_draft(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "report"
    path.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        files.replace_file(str(path), "new", mode=0o644)
    assert (os.listdir(tmp_path), path.read_text(encoding="utf-8")) == (["report"], "old")


def test_a_secret_is_in_a_file_of_its_own_that_is_removed_at_the_end(tmp_path: pathlib.Path) -> None:
    module = Module(tmp_path)
    path = files.secret_file(module, "a secret")
    assert (module.removed, pathlib.Path(path).read_text(encoding="utf-8")) == ([path], "a secret")
    assert os.stat(path).st_mode & 0o777 == 0o600
