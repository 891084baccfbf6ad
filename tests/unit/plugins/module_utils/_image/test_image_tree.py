# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Archives are read as a stream, and everything unsafe in them is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import tree


def test_top_folder_and_unwanted_files_go(moodle: Callable[..., Path]) -> None:
    names = [entry.path for entry in tree.entries(moodle())]
    assert "version.php" in names
    assert not [name for name in names if ".git" in name]


def test_a_directory_gives_the_same_entries_as_its_archive(tmp_path: Path, write_tar: Callable[..., Path]) -> None:
    top = tmp_path / "code"
    (top / "lib").mkdir(parents=True)
    (top / "node_modules").mkdir()
    (top / "lib" / "a.php").write_text("a")
    (top / "node_modules" / "b.js").write_text("b")
    archive = write_tar({"lib/a.php": "a"})
    files = {entry.path for entry in tree.entries(top) if entry.kind == "file"}
    assert files == {entry.path for entry in tree.entries(archive)} == {"lib/a.php"}


@pytest.mark.parametrize("name", ["../evil.php", "/etc/passwd", "moodle/../../evil.php", "moodle/a\\b.php", "moodle/a\nb.php"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_that_leave_the_folder_are_refused(
    name: str, kind: str, write_tar: Callable[..., Path], write_zip: Callable[..., Path], build_error: type[Exception]
) -> None:
    files = {"moodle/version.php": "x", name: "x"}
    path = write_zip(files) if kind == "zip" else write_tar(files, top="")
    with pytest.raises(build_error, match="refused"):
        list(tree.entries(path))


@pytest.mark.parametrize(
    ("kind", "target"),
    [(tarfile.SYMTYPE, "../../../etc/shadow"), (tarfile.SYMTYPE, "/etc/shadow"), (tarfile.LNKTYPE, "moodle/a"), (tarfile.FIFOTYPE, "")],
)
def test_links_out_and_special_files_are_refused(tmp_path: Path, kind: bytes, target: str, build_error: type[Exception]) -> None:
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as archive:
        plain = tarfile.TarInfo("moodle/a")
        plain.size = 1
        archive.addfile(plain, io.BytesIO(b"a"))
        info = tarfile.TarInfo("moodle/b")
        info.type, info.linkname = kind, target
        archive.addfile(info)
    with pytest.raises(build_error, match="refused"):
        list(tree.entries(path))


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, build_error: type[Exception]) -> None:
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("moodle/a"), io.BytesIO())
    with pytest.raises(build_error, match="twice"):
        list(tree.entries(path))


def test_two_top_folders_are_refused(write_tar: Callable[..., Path], build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="exactly one top folder"):
        list(tree.entries(write_tar({"moodle/a": "", "other/b": ""}, top="")))


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 broken"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, build_error: type[Exception]) -> None:
    path = tmp_path / "file.tgz"
    path.write_bytes(content)
    with pytest.raises(build_error, match="archive"):
        list(tree.entries(path))


def test_a_cut_archive_is_refused(tmp_path: Path, moodle: Callable[..., Path], build_error: type[Exception]) -> None:
    whole = moodle(change={"big.php": "".join(str(number) for number in range(20_000))}).read_bytes()
    path = tmp_path / "cut.tgz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(build_error, match=r"cannot be read|not a complete|is damaged"):
        for entry in tree.entries(path):
            if entry.kind == "file":
                with entry.open() as file:
                    file.read()
