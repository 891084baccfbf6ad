# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The files of a site on a real disk: what is removed with it, and what stays because somebody else put it there."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Site
from ansible_collections.campus.moodle.plugins.module_utils._compose.files import SiteFiles

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
    return SiteFiles(str(directory), os.rename)


def test_a_record_is_read_as_it_was_written(directory: pathlib.Path) -> None:
    site = Site("site:1", database="MOODLE_DATABASE_HOST=db")
    files_of(directory).write_site(site)
    assert files_of(directory).read_site() == site


def test_the_record_of_an_older_release_is_read(directory: pathlib.Path) -> None:
    (directory / "rollout.json").write_text('{"image": "site:1", "maintenance": false}')
    assert files_of(directory).read_site() == Site("site:1")


def test_everything_of_the_collection_goes(directory: pathlib.Path) -> None:
    assert not files_of(directory).stays()
    files_of(directory).remove()
    assert not directory.exists()


@pytest.mark.parametrize("foreign", ["code/version.php", "other-site/compose.yml", "notes.txt", ".site.json.swp"])
def test_what_somebody_else_put_there_stays(directory: pathlib.Path, foreign: str) -> None:
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


def test_a_write_that_fails_leaves_nothing_behind(directory: pathlib.Path) -> None:
    def full(_source: str, _target: str) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    before = sorted(directory.iterdir())
    with pytest.raises(OSError, match="No space"):
        SiteFiles(str(directory), full).write_definition("name: x")
    assert sorted(directory.iterdir()) == before
