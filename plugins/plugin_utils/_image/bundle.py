# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a machine lacks for a build, in one archive: Moodle's code, plugins, language packs and the files of the role.

Archives with a checksum go into the machine's cache and travel once; all else is there for one build.
"""

from __future__ import annotations

import copy
import tarfile
import typing as t
from pathlib import Path

from ansible_collections.campus.moodle.plugins.module_utils._image.sent import DOWNLOADS, INPUT, SENT
from ansible_collections.campus.moodle.plugins.module_utils._image.tree import entries

Spec = dict[str, t.Any]


def archives(spec: Spec) -> dict[str, str]:
    """Every archive that the control node has for a build: its name in the machine's cache, and its checksum."""
    return {_name(place): place["sha256"] for place, key in _places(spec) if _is_archive(place, key)}


def pack(spec: Spec, lacking: t.Collection[str], output: Path) -> Spec:
    """Write what the machine lacks to a file, and return the specification with the names that the paths have there.

    :param lacking: the archives that are not in the machine's cache, as archives() calls them.
    :raises BuildError: when an input cannot be read.
    """
    sent = copy.deepcopy(spec)
    # 0600 from the start: headers of private sources travel in it.
    output.touch(mode=0o600)
    with tarfile.open(output, "w") as bundle:
        for number, (place, key) in enumerate(_places(sent)):
            path = Path(place[key])
            if not _is_archive(place, key):
                name = f"{INPUT}/{number}/{path.name}"
                _add(bundle, path, name)
            else:
                name = f"{DOWNLOADS}/{_name(place)}"
                if _name(place) in lacking:
                    _add(bundle, path, name)
            place[key] = SENT + name
    return sent


def _places(spec: Spec) -> list[tuple[dict[str, t.Any], str]]:
    """Where a specification names a path of the control node: the dictionary, and the key in it."""
    site, services = spec["site"], spec["services"]
    own = [(site, "rootfs"), (services, "files"), (site["base"], "scripts"), (services["base"], "scripts")]
    origins = [site["source"], services["mail_catcher"] or {}, *site["plugins"], *site["languages"]]
    return [*own, *((origin, key) for origin in origins for key in ("path", "headers_file") if origin.get(key))]


def _is_archive(place: dict[str, t.Any], key: str) -> bool:
    return key == "path" and bool(place["sha256"]) and Path(place[key]).is_file()


def _name(place: dict[str, t.Any]) -> str:
    return f"{place['sha256'][:16]}-{Path(place['path']).name}"


def _add(bundle: tarfile.TarFile, path: Path, name: str) -> None:
    if not path.is_dir():
        bundle.add(path.resolve(), name)
        return
    # Through the same reader as the build, so that nothing unwanted or unsafe travels.
    for entry in entries(path):
        if entry.kind != "directory":
            bundle.add(path / entry.path, f"{name}/{entry.path}", recursive=False)
