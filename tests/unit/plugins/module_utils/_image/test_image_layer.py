# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Layers have the same bytes for the same input, and belong to root."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _fetch as fetch
from ansible_collections.campus.moodle.plugins.module_utils._image import _languages as languages
from ansible_collections.campus.moodle.plugins.module_utils._image import _layer as layer_module
from ansible_collections.campus.moodle.plugins.module_utils._image import _site as site
from ansible_collections.campus.moodle.plugins.module_utils._image.engine import CompressedSize

SPEC: dict[str, Any] = {"branch": "4.5", "layout": "classic", "release": "", "source": {"sha256": "ab" * 32}}


def code_layer(source: Path, path: Path, spec: dict[str, Any] = SPEC) -> Path:
    size = CompressedSize()
    with layer_module.Layer(path, size) as layer:
        site.write_code(layer, source, spec)
    assert size.total() > 0
    return path


def test_the_code_belongs_to_root_and_has_no_foreign_configuration(moodle: Callable[..., Path], tmp_path: Path) -> None:
    with tarfile.open(code_layer(moodle(), tmp_path / "code.tar")) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.mode & 0o022) for member in members} == {(0, 0, 0)}
    names = {member.name for member in members}
    assert "srv/moodle/version.php" in names
    assert "srv/moodle/config.php" not in names


def test_a_directory_gives_the_same_layer_whenever_it_was_checked_out(tmp_path: Path, moodle: Callable[..., Path]) -> None:
    digests = set()
    for number in range(2):
        with tarfile.open(moodle()) as archive:
            archive.extractall(tmp_path / str(number), filter="data")
        for path in (tmp_path / str(number)).rglob("*"):
            path.touch()
        made = code_layer(tmp_path / str(number) / "moodle", tmp_path / f"{number}.tar")
        digests.add(hashlib.sha256(made.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"branch": "5.1", "layout": "public"}, "of branch 4.5, but branch 5.1 was requested"),
        ({"layout": "public"}, "has the classic layout"),
        ({"release": "4.5.6"}, "but release 4.5.6 was requested"),
    ],
)
def test_code_that_was_not_asked_for_is_refused(
    moodle: Callable[..., Path], tmp_path: Path, change: dict[str, Any], message: str, build_error: type[Exception]
) -> None:
    with pytest.raises(build_error, match=message):
        code_layer(moodle(), tmp_path / "code.tar", {**SPEC, **change})


def test_language_packs_stand_beside_the_code(tmp_path: Path, write_zip: Callable[..., Path], build_error: type[Exception]) -> None:
    pack = write_zip({"de/langconfig.php": "<?php $string['parentlanguage'] = '';", "de/moodle.php": "<?php"}, "de.zip")
    kids = write_zip({"de_kids/langconfig.php": "<?php $string['parentlanguage'] = 'de';"}, "de_kids.zip")
    cache = fetch.Cache(tmp_path / "cache")
    wanted = [
        {"code": code, "branch": "4.5", "url": "", "sha256": "", "path": str(path)} for code, path in (("de", pack), ("de_kids", kids))
    ]
    with layer_module.Layer(tmp_path / "lang.tar") as layer:
        languages.write(layer, languages.collect(cache, wanted))
    assert "opt/campus-moodle/lang/de/langconfig.php" in layer.names
    with pytest.raises(build_error, match="is a variant of de: add de"):
        languages.collect(cache, wanted[1:])
    with pytest.raises(build_error, match="is not a language pack"):
        languages.collect(cache, [{**wanted[0], "path": str(write_zip({"de/readme.txt": ""}, "no.zip"))}])
