# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Language packs, placed beside the code so that no container needs the network to speak another language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ._fetch import Cache
from ._layer import Layer
from ._progress import say
from .digest import sha256_of, verify
from .errors import BuildError
from .tree import entries

TARGET = "opt/campus-moodle/lang"
_CONFIG = "langconfig.php"


def collect(cache: Cache, requested: Iterable[dict[str, Any]]) -> dict[str, Path]:
    """Language code to the archive of its pack.

    Language packs change daily and are published without checksums. One that an administrator put into the cache comes first.
    One that is downloaded is kept, but elsewhere: for the plan, which looks at the administrator's alone, the same input must go
    on giving the same name.

    :param requested: dicts with code, url, sha256 (may be empty) and path (an archive on this machine, may be empty).
    """
    packs = {}
    for item in requested:
        pack = packs[item["code"]] = _pack(cache, item)
        if item.get("sha256"):
            verify(pack, item["sha256"])
        else:
            say(f"language {item['code']} has sha256 {sha256_of(pack)}")
    _check_parents(packs)
    return packs


def _pack(cache: Cache, item: dict[str, Any]) -> Path:
    if item.get("path"):
        return Path(item["path"])
    if item.get("sha256"):
        return cache.get(item["url"], item["sha256"])
    name = f"languages/{item['branch']}/{item['code']}.zip"
    put, kept = cache.directory / name, cache.directory / "downloads" / name
    found = next((place for place in (put, kept) if place.is_file()), None)
    return found or cache.get_unpinned(item["url"], kept)


def _check_parents(packs: dict[str, Path]) -> None:
    for code, archive in packs.items():
        parent = _parent(code, archive)
        if parent not in ("", "en", *packs):
            msg = f"The language {code} is a variant of {parent}: add {parent} to the languages too."
            raise BuildError(msg)


def _parent(code: str, archive: Path) -> str:
    for entry in entries(archive):
        if entry.path == _CONFIG:
            with entry.open() as file:
                text = file.read().decode("utf-8", "replace")
            match = re.search(r"\$string\['parentlanguage'\]\s*=\s*'([^']*)'", text)
            return match.group(1) if match else ""
    msg = f"The archive of the language {code} ({archive.name}) is not a language pack: it has no {_CONFIG} in its top folder."
    raise BuildError(msg)


def write(layer: Layer, packs: dict[str, Path]) -> None:
    """Add the packs to a layer."""
    for code, archive in packs.items():
        say(f"language {code}")
        layer.directory(f"{TARGET}/{code}")
        for entry in entries(archive):
            layer.entry(f"{TARGET}/{code}", entry)
