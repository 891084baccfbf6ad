# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Language packs: where they come from, and that fetching one does not give the image another name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _fetch as fetch
from ansible_collections.campus.moodle.plugins.module_utils._image import _languages as languages
from ansible_collections.campus.moodle.plugins.module_utils._image import _layer as layer_module
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs
from ansible_collections.campus.moodle.plugins.plugin_utils._image.plan import make


@pytest.fixture
def pack(write_zip: Callable[..., Path]) -> Callable[..., Path]:
    """Writes the archive of a language pack."""

    def write(code: str, parent: str = "", **files: str) -> Path:
        config = f"<?php\n$string['parentlanguage'] = '{parent}';\n"
        return write_zip({f"{code}/langconfig.php": config, **{f"{code}/{name}.php": text for name, text in files.items()}}, f"{code}.zip")

    return write


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, pack: Callable[..., Path]) -> Iterator[list[str]]:
    """The addresses that were asked for; each answers with a pack."""
    asked: list[str] = []

    def download(_cache: object, url: str, partial: Path, _headers: object) -> bool:
        asked.append(url)
        partial.write_bytes(pack(url.rpartition("/")[2].removesuffix(".zip")).read_bytes())
        return False

    monkeypatch.setattr(fetch.Cache, "_download", download)
    yield asked


@pytest.fixture
def plan(moodle: Callable[..., Path], tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Plans an image with one language, always from the same input."""
    source = str(moodle())

    def planned() -> dict[str, Any]:
        result = make(Inputs(source=source, languages=("de",), cache_directory=str(tmp_path / "cache")))
        assert result["problems"] == []
        return result

    return planned


@pytest.fixture
def collect(tmp_path: Path) -> Callable[[dict[str, Any]], dict[str, Path]]:
    """What the builder does with the languages of a plan."""
    return lambda plan: languages.collect(fetch.Cache(tmp_path / "cache"), plan["build_spec"]["site"]["languages"])


def test_a_pack_that_was_downloaded_changes_no_name(
    plan: Callable[[], dict[str, Any]], collect: Callable[..., dict[str, Path]], downloads: list[str]
) -> None:
    first = plan()
    kept = collect(first)["de"]
    second = plan()
    assert second["reference"] == first["reference"]
    assert collect(second)["de"] == kept
    assert downloads == ["https://download.moodle.org/download.php/direct/langpack/4.5/de.zip"]


def test_a_pack_in_the_cache_decides_the_name_and_comes_first(
    plan: Callable[[], dict[str, Any]],
    collect: Callable[..., dict[str, Path]],
    pack: Callable[..., Path],
    downloads: list[str],
    tmp_path: Path,
) -> None:
    first = plan()
    collect(first)
    put = tmp_path / "cache" / "languages" / "4.5" / "de.zip"
    put.parent.mkdir(parents=True)
    put.write_bytes(pack("de", moodle="<?php\n").read_bytes())
    second = plan()
    assert second["reference"] != first["reference"]
    assert collect(second)["de"] == put
    assert collect(first)["de"] == put
    put.write_bytes(pack("de").read_bytes())
    assert plan()["reference"] not in (first["reference"], second["reference"])


def test_a_variant_needs_its_parent(pack: Callable[..., Path], tmp_path: Path, build_error: type[Exception]) -> None:
    requested = [{"code": "de_du", "branch": "4.5", "url": "", "sha256": "", "path": str(pack("de_du", "de"))}]
    with pytest.raises(build_error, match="de_du is a variant of de: add de to the languages"):
        languages.collect(fetch.Cache(tmp_path), requested)


def test_what_is_no_pack_is_refused(write_zip: Callable[..., Path], tmp_path: Path, build_error: type[Exception]) -> None:
    other = write_zip({"de/readme.txt": "nothing"})
    with pytest.raises(build_error, match="is not a language pack"):
        languages.collect(fetch.Cache(tmp_path), [{"code": "de", "branch": "4.5", "url": "", "sha256": "", "path": str(other)}])


def test_packs_are_where_the_image_looks(pack: Callable[..., Path], tmp_path: Path) -> None:
    with layer_module.Layer(tmp_path / "layer.tar") as layer:
        languages.write(layer, {"de": pack("de", moodle="<?php\n")})
    assert {"opt/campus-moodle/lang/de/langconfig.php", "opt/campus-moodle/lang/de/moodle.php"} <= layer.names
