# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Small trees and archives that look like Moodle to the builder, and nothing more."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Callable

import pytest

VERSION = """<?php
defined('MOODLE_INTERNAL') || die();
// $version = 1; an old line
$version  = {version};   /* $version = 2; */
$release  = '{release} (Build: 20250613)';
$branch   = '{branch}';
"""
PLUGIN = """<?php
$plugin->component = '{component}';
$plugin->version = {version};
{more}
"""


def files_of(layout: str, branch: str, release: str) -> dict[str, str]:
    """The files of a tree, without a top folder."""
    prefix = "public/" if layout == "public" else ""
    types = {"mod": f"{prefix}mod", "local": f"{prefix}local", "h5plib": f"{prefix}h5p/h5plib"}
    owner = f"{prefix}mod/assign"
    return {
        f"{prefix}version.php": VERSION.format(version="2024100705.01", release=release, branch=branch),
        f"{prefix}lib/components.json": json.dumps({"plugintypes": types, "subsystems": {}}),
        f"{prefix}lib/setup.php": "<?php\n",
        f"{owner}/version.php": PLUGIN.format(component="mod_assign", version="2024100700", more=""),
        f"{owner}/db/subplugins.json": json.dumps({"plugintypes": {"assignfeedback": f"{owner}/feedback"}}),
        "config.php": "<?php $CFG->dbpass = 'of another site';",
        ".git/config": "history",
    }


@pytest.fixture
def write_tar(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tgz archive from a mapping of paths to texts."""

    def write(files: dict[str, str], name: str = "moodle.tgz", top: str = "moodle/") -> Path:
        path = tmp_path / name
        with tarfile.open(path, "w:gz") as archive:
            for member, text in files.items():
                info = tarfile.TarInfo(f"{top}{member}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        return path

    return write


@pytest.fixture
def write_zip(tmp_path: Path) -> Callable[..., Path]:
    """Writes a zip archive from a mapping of whole paths to texts."""

    def write(files: dict[str, str], name: str = "plugin.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in files.items():
                archive.writestr(zipfile.ZipInfo(member, date_time=(2024, 1, 1, 0, 0, 0)), text)
        return path

    return write


@pytest.fixture
def moodle(write_tar: Callable[..., Path]) -> Callable[..., Path]:
    """Writes an archive that is Moodle's code as far as the builder looks."""

    def write(layout: str = "classic", branch: str = "405", release: str = "4.5.5+", change: dict[str, str] | None = None) -> Path:
        return write_tar({**files_of(layout, branch, release), **(change or {})})

    return write


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, since branches lose their support."""
    # Not at the top: this file is read before the collections can be imported.
    from ansible_collections.campus.moodle.plugins.plugin_utils._image import plan

    monkeypatch.setattr(plan, "_today", lambda: "2026-11-20")


@pytest.fixture
def build_error() -> type[Exception]:
    """The error of a build."""
    # As above.
    from ansible_collections.campus.moodle.plugins.module_utils._image.errors import BuildError

    return BuildError
