# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Packs everything a build needs into one archive, for a machine that is not the control node."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any, Callable, Optional

from .tree import entries

BUILDER = Path(__file__).resolve().parent.parent


def pack(spec: dict[str, Any], output: Path) -> None:
    """Write builder, specification and all local input to one tar archive.

    The paths in the packed specification are relative to it; `resolve` makes them absolute again.

    :raises BuildError: when an input cannot be read.
    """
    # 0600 from the start: headers of private sources travel in it.
    output.touch(mode=0o600)
    with tarfile.open(output, "w") as archive:
        archive.add(BUILDER, "build", filter=_without_caches)
        packed = map_paths(spec, lambda path: _add(archive, Path(path)))
        data = json.dumps(packed, indent=2).encode()
        info = tarfile.TarInfo("spec.json")
        info.size, info.mode = len(data), 0o600
        archive.addfile(info, io.BytesIO(data))


def resolve(spec: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The specification with absolute paths; those that are absolute already stay."""
    return map_paths(spec, lambda path: str(directory / path))


def map_paths(spec: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy of the specification with every path of the build's input changed."""
    result: dict[str, Any] = json.loads(json.dumps(spec))
    for holder, key in _path_places(result):
        if holder.get(key):
            holder[key] = change(holder[key])
    return result


def _path_places(spec: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    site, services = spec["site"], spec["services"]
    holders = [site["source"], services["mail_catcher"], *site["plugins"], *site["languages"]]
    places = [(holder, key) for holder in holders if holder for key in ("path", "headers_file")]
    return [*places, (site, "rootfs"), (services, "files")]


def _add(archive: tarfile.TarFile, path: Path) -> str:
    name = f"input/{len(archive.getmembers())}/{path.name}"
    if path.is_dir():
        # Through the same reader as the build, so that nothing unwanted or unsafe travels.
        for entry in entries(path):
            if entry.kind != "directory":
                archive.add(path / entry.path, f"{name}/{entry.path}", recursive=False)
    else:
        archive.add(path, name)
    return name


def _without_caches(info: tarfile.TarInfo) -> Optional[tarfile.TarInfo]:
    return None if "__pycache__" in info.name else info
