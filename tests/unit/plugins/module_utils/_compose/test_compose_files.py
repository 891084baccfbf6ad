# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The files of a site on a real disk: what is removed with it, and what stays because it is not the collection's."""

from __future__ import annotations

import os
import pathlib
import stat
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Record
from ansible_collections.campus.moodle.plugins.module_utils._compose.files import SiteFiles, file_errors
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

WRITTEN = ["compose.yml", "config.php", "rollout.json", "site.json"]


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a directory with everything that the collection writes, and what a run that was cut left."""
    site = tmp_path / "site"
    (site / "secrets" / "moodle").mkdir(parents=True)
    (site / "secrets" / "moodle" / "salt").touch()
    for name in [*WRITTEN, ".compose.yml.a1b2c3d4", ".ansible_tmpx1compose.yml"]:
        (site / name).touch()
    return site


def files_of(directory: pathlib.Path) -> SiteFiles:
    """Return the files as a module has them."""
    return SiteFiles(str(directory))


def test_a_record_is_read_as_it_was_written(directory: pathlib.Path) -> None:
    record = Record("site:1", database="MOODLE_DATABASE_HOST=db")
    files_of(directory).write_record(record)
    assert files_of(directory).read_record() == record


def test_the_record_of_an_older_release_is_read(directory: pathlib.Path) -> None:
    (directory / "rollout.json").write_text('{"image": "site:1", "maintenance": false}')
    assert files_of(directory).read_record() == Record("site:1")


def test_everything_of_the_collection_goes(directory: pathlib.Path) -> None:
    assert not files_of(directory).stays()
    files_of(directory).remove()
    assert not directory.exists()


@pytest.mark.parametrize("foreign", ["code/version.php", "other-site/compose.yml", "notes.txt", ".site.json.swp"])
def test_what_is_not_the_collections_stays(directory: pathlib.Path, foreign: str) -> None:
    (directory / foreign).parent.mkdir(exist_ok=True)
    (directory / foreign).write_text("mine")
    files = files_of(directory)
    files.remove()
    assert (directory / foreign).read_text() == "mine"
    assert (files.own(), files.foreign(), files.stays()) == ([], [foreign.split("/", maxsplit=1)[0]], True)


def test_a_directory_that_is_a_link_loses_its_files_and_stays(directory: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(directory)
    files_of(tmp_path / "link").remove()
    assert list(directory.iterdir()) == []
    assert (tmp_path / "link").is_symlink()


def test_what_a_link_leads_to_stays(directory: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (directory / "secrets").rename(tmp_path / "elsewhere")
    (directory / "secrets").symlink_to(tmp_path / "elsewhere")
    files = files_of(directory)
    files.remove()
    assert (files.foreign(), (tmp_path / "elsewhere" / "moodle" / "salt").exists()) == (["secrets"], True)


def test_a_write_that_fails_leaves_nothing_behind(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: str, _target: str) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    before = sorted(directory.iterdir())
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        files_of(directory).write_definition("name: x")
    assert sorted(directory.iterdir()) == before


def test_a_file_is_replaced_with_its_mode_and_an_empty_text_removes_it(directory: pathlib.Path) -> None:
    files_of(directory).write_definition("name: x\n")
    path = directory / "compose.yml"
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("name: x\n", 0o644)
    files_of(directory).write_definition("")
    assert not path.exists()


def test_a_full_disk_is_one_sentence_that_names_the_file() -> None:
    with pytest.raises(ToolError, match=r"cannot be written \(/x/compose\.yml: No space left on device\); correct that") as caught:
        with file_errors("The site cannot be written", "/x"):
            raise OSError(28, "No space left on device", "/x/compose.yml")
    assert caught.value.details["error"] == "files"
