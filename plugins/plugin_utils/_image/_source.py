# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the control node knows about local input: digests of files and trees, and the facts of Moodle's code.

Reading a whole Moodle takes seconds, so results are kept in the cache under the state of the files (names, sizes, times,
inodes). A file that changed within the last seconds is never answered from the cache, because a second change within the
same tick of the clock would not show.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.campus.moodle.plugins.module_utils._image import moodle, tree
from ansible_collections.campus.moodle.plugins.module_utils._image.digest import sha256_of, tree_digest
from ansible_collections.campus.moodle.plugins.module_utils._image.errors import BuildError

_RECENT_SECONDS = 3


@dataclasses.dataclass(frozen=True)
class Source:
    """Moodle's code on the control node.

    :param sha256: of the archive, or the digest of the directory.
    :param facts: branch, release, version, layout, payload; empty when `problem` is set.
    :param problem: why it cannot be used, one sentence; empty when it can.
    """

    sha256: str
    facts: dict[str, t.Any]
    problem: str


def read(path: Path, cache: Path) -> Source:
    """The digest and the facts of an archive or directory, from the cache when nothing has changed.

    :param cache: the download cache; used when it can be written, never needed.
    """
    if not path.exists():
        return Source("", {}, f"{path} does not exist.")
    state, recent = _state(path)
    kept = cache / "facts" / f"{state}.json"
    if not recent and kept.is_file():
        return Source(**json.loads(kept.read_text(encoding="utf-8")))
    source = _inspect(path)
    if not recent:
        _keep(kept, source)
    return source


def _inspect(path: Path) -> Source:
    digest = tree_digest(path) if path.is_dir() else sha256_of(path)
    try:
        facts = moodle.inspect(path)
    except BuildError as error:
        return Source(digest, {}, str(error))
    names = ("branch", "release", "version", "layout", "payload")
    return Source(digest, {name: getattr(facts, name) for name in names}, "")


def _state(path: Path) -> tuple[str, bool]:
    """A digest of everything about the files but their content, and whether any of them changed just now."""
    total = hashlib.sha256(str(path.resolve()).encode())
    # Another version of the readers may find other facts in the same files.
    for reader in (moodle, tree):
        total.update(Path(str(reader.__file__)).read_bytes())
    newest = 0
    for name in [str(path), *_walk(str(path))]:
        info = os.lstat(name)
        newest = max(newest, info.st_mtime_ns, info.st_ctime_ns)
        total.update(f"{name}\0{info.st_mode}\0{info.st_size}\0{info.st_mtime_ns}\0{info.st_ctime_ns}\0{info.st_ino}\n".encode())
    return total.hexdigest(), newest > time.time_ns() - _RECENT_SECONDS * 1_000_000_000


def _walk(top: str) -> t.Iterator[str]:
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted([*folders, *files]):
            yield os.path.join(folder, name)


def _keep(kept: Path, source: Source) -> None:
    scratch = kept.with_suffix(f".{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(dataclasses.asdict(source)), encoding="utf-8")
        os.replace(scratch, kept)
    except OSError:
        # The cache only saves time; without a writable one the next run reads the files again.
        return
