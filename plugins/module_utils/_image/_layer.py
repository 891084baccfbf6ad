# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Writing the tar archives that become image layers, the same bytes for the same input."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Optional

from .engine import CompressedSize
from .tree import Entry

# Files of our own have no meaningful time; a fixed one keeps the archive equal (1 January 2024).
OWN_MTIME = 1_704_067_200


class Layer:
    """A tar archive on disk; everything in it belongs to root and is not writable by others unless said otherwise.

    :param path: where the archive is written.
    :param size: counts what is written.
    """

    def __init__(self, path: Path, size: Optional[CompressedSize] = None) -> None:
        self.path = path
        self._file = path.open("wb")
        # tarfile needs no more than the method write.
        tee: Any = _Tee(self._file, size)
        self._tar = tarfile.TarFile.open(fileobj=tee, mode="w|", format=tarfile.PAX_FORMAT)
        self._directories: set[str] = set()
        self.names: set[str] = set()

    def __enter__(self) -> Layer:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._tar.close()
        self._file.close()

    def directory(self, path: str, *, mode: int = 0o755, owner: int = 0, mtime: int = OWN_MTIME) -> None:
        """Add a directory, once."""
        if path not in self._directories:
            self._directories.add(path)
            info = self._info(path, tarfile.DIRTYPE, mtime)
            info.mode, info.uid, info.gid = mode, owner, owner
            self._tar.addfile(info)

    def text(self, path: str, content: str, *, mode: int = 0o644) -> None:
        """Add a file of our own."""
        data = content.encode()
        info = self._info(path, tarfile.REGTYPE, OWN_MTIME)
        info.mode, info.size = mode, len(data)
        self._tar.addfile(info, io.BytesIO(data))

    def file(self, path: str, source: Path, *, mode: int) -> None:
        """Add one file from this machine."""
        info = self._info(path, tarfile.REGTYPE, OWN_MTIME)
        info.mode, info.size = mode, source.stat().st_size
        with source.open("rb") as file:
            self._tar.addfile(info, file)

    def entry(self, prefix: str, entry: Entry, *, mtime: Optional[int] = None) -> None:
        """Add an entry of a tree below a directory of the image.

        :param mtime: seconds since 1970; the entry's own time by default.
        """
        path = f"{prefix}/{entry.path}".lstrip("/")
        when = entry.mtime if mtime is None else mtime
        if entry.kind == "directory":
            self.directory(path, mtime=when)
            return
        info = self._info(path, tarfile.SYMTYPE if entry.kind == "link" else tarfile.REGTYPE, when)
        info.linkname = entry.target
        info.mode = 0o755 if entry.executable else 0o644
        if entry.kind == "link":
            self._tar.addfile(info)
            return
        info.size = entry.size
        with entry.open() as file:
            self._tar.addfile(info, file)

    def _info(self, path: str, kind: bytes, mtime: int) -> tarfile.TarInfo:
        self.names.add(path)
        info = tarfile.TarInfo(path)
        info.type = kind
        info.mtime = mtime
        return info


class _Tee:
    """A file to write to that counts on the way."""

    def __init__(self, file: IO[bytes], size: Optional[CompressedSize]) -> None:
        self._file = file
        self._size = size

    def write(self, data: bytes) -> int:
        if self._size is not None:
            self._size.write(data)
        return self._file.write(data)
