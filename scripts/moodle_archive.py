#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Finds an official archive of Moodle in the cache, and verifies it.

    moodle_archive.py BRANCH

Prints its path and SHA-256 as one JSON object, or nothing where there is none. An archive that somebody put into the cache's
folder needs its checksum beside it (moodle-4.5.14.tgz.sha256); one that the role image downloaded has the beginning of its own in its name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Archive(NamedTuple):
    """A file that calls itself an archive of Moodle; expected is its SHA-256 or the beginning of it, "" where nothing tells it."""

    release: tuple[int, ...]
    path: Path
    expected: str


def cache_folder() -> Path:
    """The folder for everything that is downloaded."""
    return Path(os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle").expanduser()


def release_of(name: str, branch: str) -> tuple[int, ...]:
    """The release of an archive as numbers that can be compared; none for any other file, and for another branch."""
    match = re.fullmatch(rf"moodle-({re.escape(branch)}(\.\d+)?)\.tgz", name)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def kept_checksum(path: Path) -> str:
    """The checksum in the file beside an archive."""
    beside = path.with_name(f"{path.name}.sha256")
    match = re.search(r"\b[0-9a-fA-F]{64}\b", beside.read_text(encoding="utf-8")) if beside.is_file() else None
    return match[0].lower() if match else ""


def given_archives(cache: Path, branch: str) -> Iterator[Archive]:
    """What somebody put into the cache's folder."""
    for path in cache.glob("moodle-*.tgz"):
        if release := release_of(path.name, branch):
            yield Archive(release, path, kept_checksum(path))


def downloaded_archives(cache: Path, branch: str) -> Iterator[Archive]:
    """What the role image keeps of its downloads."""
    for path in cache.glob("downloads/*-moodle-*.tgz"):
        prefix, _dash, name = path.name.partition("-")
        release = release_of(name, branch)
        if release and re.fullmatch(r"[0-9a-f]{16}", prefix):
            yield Archive(release, path, prefix)


def newest(archives: Iterator[Archive]) -> dict[str, str]:
    """Path and SHA-256 of the newest archive that is what it says it is; empty for none. Says why it passed over one."""
    for archive in sorted(archives, reverse=True):
        if not archive.expected:
            say(f"{archive.path} is not used, since nothing tells its checksum: put {archive.path.name}.sha256 beside it")
            continue
        with archive.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest.startswith(archive.expected):
            return {"path": str(archive.path), "sha256": digest}
        say(f"{archive.path} is not used, since its SHA-256 is {digest} and not {archive.expected}")
    return {}


def say(sentence: str) -> None:
    """Print a sentence for a person."""
    print(sentence, file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Print the newest archive that somebody put into the cache; downloads of earlier runs are not looked at."""
    found = newest(given_archives(cache_folder(), *arguments))
    if found:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
