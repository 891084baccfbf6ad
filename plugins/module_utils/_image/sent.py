# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the control node has sent to this machine: archives for its cache, and files for one build alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
import tempfile
import typing as t
from pathlib import Path

# How paths begin that a specification has from the bundle; what follows is a name in it, below one of the two folders.
SENT = "sent:"
DOWNLOADS = "downloads"
INPUT = "input"

_Data = t.TypeVar("_Data")


@contextlib.contextmanager
def unpacked(bundle: t.Optional[str], images: _Data, cache: Path) -> t.Iterator[_Data]:
    """Unpack a bundle and give the specification of the images with the paths that its files have here.

    Archives stay in the cache; everything else is removed with the end of the block.
    """
    if not bundle:
        yield images
        return
    with tempfile.TemporaryDirectory(prefix="campus-moodle-input-") as folder:
        # Older versions of Python have no filter; the bundle was packed by this collection.
        options: dict[str, t.Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        with tarfile.open(bundle) as archive:
            archive.extractall(folder, **options)  # noqa: S202 - see above
        _keep(Path(folder, DOWNLOADS), cache / DOWNLOADS)
        yield _with_paths(images, {INPUT: os.path.join(folder, INPUT), DOWNLOADS: str(cache / DOWNLOADS)})


def _keep(sent: Path, downloads: Path) -> None:
    for path in sorted(sent.glob("*")):
        downloads.mkdir(parents=True, exist_ok=True)
        partial = downloads / f"{path.name}.sent"
        shutil.move(path, partial)
        os.replace(partial, downloads / path.name)


def _with_paths(value: t.Any, folders: t.Mapping[str, str]) -> t.Any:
    if isinstance(value, dict):
        return {key: _with_paths(item, folders) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_paths(item, folders) for item in value]
    if isinstance(value, str) and value.startswith(SENT):
        folder, _slash, name = value[len(SENT) :].partition("/")
        return f"{folders[folder]}/{name}"
    return value
