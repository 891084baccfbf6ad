# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/moodle_archive.py and scripts/demo_payload.py: which code the demo runs, and that it keeps to it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import demo_payload
import moodle_archive
import pytest

SCRIPTS = Path(demo_payload.__file__).parent
CONTENT = b"an archive"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REHEARSAL = {"demo_payload": "rehearsal"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in an environment that names no source and on a machine that is offline."""
    for name in ("MOODLE_SOURCE", "MOODLE_SOURCE_SHA256", "MOODLE_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOODLE_CACHE", str(tmp_path))
    monkeypatch.setattr(demo_payload, "OFFICIAL", "http://127.0.0.1:9/")
    return tmp_path


@pytest.fixture
def online(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The official server answers: here a file does."""
    (cache / "server").touch()
    monkeypatch.setattr(demo_payload, "OFFICIAL", (cache / "server").as_uri())
    return cache


def put(path: Path, checksum: str = "") -> str:
    """Put an archive into the cache, with a checksum beside it where one is given."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CONTENT)
    if checksum:
        path.with_name(f"{path.name}.sha256").write_text(f"{checksum}  {path.name}\n")
    return str(path)


def choose(folder: Path, kept: dict[str, str] | None = None) -> dict[str, str]:
    return demo_payload.choose(folder, kept or {})


# id: files below the cache with the checksum beside each, and the one that is found.
CACHES: dict[str, tuple[dict[str, str], str]] = {
    "none": ({}, ""),
    "given": ({"moodle-4.5.14.tgz": SHA256}, "moodle-4.5.14.tgz"),
    "newest": ({"moodle-4.5.9.tgz": SHA256, "moodle-4.5.tgz": SHA256, "moodle-4.5.14.tgz": SHA256}, "moodle-4.5.14.tgz"),
    "without_checksum": ({"moodle-4.5.9.tgz": SHA256, "moodle-4.5.14.tgz": ""}, "moodle-4.5.9.tgz"),
    "wrong_checksum": ({"moodle-4.5.14.tgz": "0" * 64}, ""),
    "other_branch": ({"moodle-5.1.7.tgz": SHA256, "moodle-4.50.1.tgz": SHA256}, ""),
    "other_file": ({"moodle-4.5.1-rehearsal.tgz": SHA256, "moodle-latest-405.tgz": SHA256}, ""),
}


@pytest.mark.parametrize("name", CACHES)
def test_archive_that_was_put_into_the_cache(cache: Path, name: str) -> None:
    files, found = CACHES[name]
    for file, checksum in files.items():
        put(cache / file, checksum)
    expected = {"path": str(cache / found), "sha256": SHA256} if found else {}
    assert moodle_archive.newest(moodle_archive.given_archives(cache, "4.5")) == expected
    printed = subprocess.run([str(SCRIPTS / "moodle_archive.py"), "4.5"], capture_output=True, text=True, check=True).stdout
    assert (json.loads(printed) if printed else {}) == expected


@pytest.mark.parametrize(("prefix", "found"), [(SHA256[:16], True), ("0" * 16, False), ("short", False)])
def test_archive_that_was_downloaded_carries_its_checksum_in_its_name(cache: Path, prefix: str, found: bool) -> None:
    path = put(cache / "downloads" / f"{prefix}-moodle-4.5.14.tgz")
    expected = {"path": path, "sha256": SHA256} if found else {}
    assert moodle_archive.newest(moodle_archive.downloaded_archives(cache, "4.5")) == expected


def test_reason_why_an_archive_is_not_used_is_said(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(cache / "moodle-4.5.14.tgz")
    put(cache / "moodle-4.5.13.tgz", "0" * 64)
    assert choose(cache)["demo_payload"] == "rehearsal"
    said = capsys.readouterr().err
    assert "put moodle-4.5.14.tgz.sha256 beside it" in said
    assert f"its SHA-256 is {SHA256} and not {'0' * 64}" in said


def test_order_of_the_sources(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source wins over those below it."""
    assert choose(online) == {"demo_payload": "moodle"}
    downloaded = put(online / "downloads" / f"{SHA256[:16]}-moodle-4.5.13.tgz")
    assert choose(online)["moodle_source"] == downloaded
    given = put(online / "moodle-4.5.14.tgz", SHA256)
    assert choose(online) == {"demo_payload": "moodle", "moodle_source": given, "moodle_archive_sha256": SHA256}
    kept = {"demo_payload": "moodle", "moodle_source": downloaded, "moodle_archive_sha256": SHA256}
    assert choose(online, kept) == kept
    monkeypatch.setenv("MOODLE_SOURCE", str(online))
    monkeypatch.setenv("MOODLE_BRANCH", "5.1")
    expected = {"demo_payload": "moodle", "moodle_source": str(online), "moodle_archive_sha256": "", "moodle_branch": "5.1"}
    assert choose(online, kept) == expected


def test_rehearsal_payload_is_packed_where_nothing_else_is_at_hand(cache: Path) -> None:
    chosen = choose(cache)
    content = Path(chosen["moodle_source"]).read_bytes()
    assert chosen["demo_payload"] == "rehearsal"
    assert chosen["moodle_archive_sha256"] == hashlib.sha256(content).hexdigest()


def test_demo_of_the_rehearsal_payload_keeps_it(online: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The archive may have gone with the cache; the payload is packed again."""
    chosen = choose(online, {**REHEARSAL, "moodle_source": "/gone"})
    assert (chosen["demo_payload"], Path(chosen["moodle_source"]).parent) == ("rehearsal", online)
    assert "make demo-down CONFIRM=yes" in capsys.readouterr().err


def test_demo_of_the_official_archive_keeps_it_offline(cache: Path) -> None:
    assert choose(cache, {"demo_payload": "moodle"}) == {"demo_payload": "moodle"}


REFUSED: dict[str, tuple[dict[str, str], str, str]] = {
    "real_moodle_on_rehearsal": (REHEARSAL, "/source.tgz", "runs the rehearsal payload"),
    "archive_gone": ({"demo_payload": "moodle", "moodle_source": "/gone.tgz"}, "", "runs /gone.tgz, which is not there any more"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_demo_cannot_go_on_with(cache: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    kept, source, sentence = REFUSED[name]
    monkeypatch.setenv("MOODLE_SOURCE", source)
    with pytest.raises(SystemExit, match=sentence) as refused:
        choose(cache, kept)
    assert "make demo-down CONFIRM=yes" in str(refused.value)


def test_command_line(cache: Path) -> None:
    """What was kept is read from a file, which need not be there."""

    def run(kept: str) -> Any:
        done = subprocess.run([str(SCRIPTS / "demo_payload.py"), str(cache), kept], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    put(cache / "moodle-4.5.14.tgz", SHA256)
    assert run(str(cache / "nothing"))["demo_payload"] == "moodle"
    (cache / "kept.json").write_text(json.dumps(REHEARSAL))
    assert run(str(cache / "kept.json"))["demo_payload"] == "rehearsal"
