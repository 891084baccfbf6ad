# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Reading files out of archives and directories as one stream of entries, with everything unsafe refused.

The callers never see whether Moodle's code is a tar archive, a zip archive or a directory, and never unpack anything to disk.
"""

from __future__ import annotations

import calendar
import os
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Callable, Optional

from .errors import BuildError

# Never part of an image: history and development tools, at any depth.
DROPPED = frozenset({".git", ".github", "node_modules"})
# Far above any Moodle with plugins; an archive beyond this is a mistake or an attack.
MAXIMUM_ENTRIES = 400_000
MAXIMUM_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class Entry:
    """One file, directory or symbolic link.

    :param path: relative, with forward slashes, without the archive's top folder.
    :param kind: "file", "directory" or "link".
    :param size: bytes; 0 for anything but a file.
    :param mtime: seconds since 1970.
    :param executable: whether the owner may execute it.
    :param open: gives a readable binary file; only valid while this entry is the current one.
    :param target: where a link points; empty otherwise.
    """

    path: str
    kind: str
    size: int
    mtime: int
    executable: bool
    open: Callable[[], Any]
    target: str = ""


def entries(path: Path) -> Iterator[Entry]:
    """All entries of an archive or directory, the single top folder of an archive taken off, unwanted ones left out.

    :raises BuildError: when it cannot be read, is no archive, or holds a path that is not safe.
    """
    if path.is_dir():
        return _checked(_directory(path), path)
    if not path.is_file():
        msg = f"{path} does not exist or cannot be read."
        raise BuildError(msg)
    # A zip archive is recognised by its first bytes: tar archives may hold zip archives near their end.
    with path.open("rb") as file:
        magic = file.read(4)
    return _checked(_zip(path) if magic == b"PK\x03\x04" else _tar(path), path)


def _checked(raw: Iterator[Entry], path: Path) -> Iterator[Entry]:
    seen: set[str] = set()
    total = 0
    for entry in raw:
        if DROPPED.intersection(entry.path.split("/")):
            continue
        if entry.path in seen and entry.kind != "directory":
            msg = f"{path} holds {entry.path} twice, which is not safe to unpack."
            raise BuildError(msg)
        seen.add(entry.path)
        total += entry.size
        if len(seen) > MAXIMUM_ENTRIES or total > MAXIMUM_BYTES:
            msg = f"{path} unpacks to more than {MAXIMUM_ENTRIES} files or {MAXIMUM_BYTES // 1024**3} GiB; it was refused."
            raise BuildError(msg)
        yield replace(entry, open=lambda entry=entry: _Reader(entry.open(), path))  # type: ignore[misc]


class _Reader:
    """An open file of an archive; a damaged archive becomes a clear error while it is read."""

    def __init__(self, file: IO[bytes], archive: Path) -> None:
        self._file = file
        self._archive = archive

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError) as error:
            msg = f"{self._archive} is damaged: {error}."
            raise BuildError(msg) from error

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def safe_path(name: str, archive: Path) -> str:
    """The normalised path of an entry.

    :raises BuildError: when it is absolute, climbs out of the archive, or has characters that no Moodle file has.
    """
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or any(ord(character) < 32 for character in name):
        msg = f"{archive} holds the path {name!r}, which would leave the folder it is unpacked to; it was refused."
        raise BuildError(msg)
    return "/".join(part for part in parts if part not in ("", "."))


def _safe_link(path: str, target: str, archive: Path) -> str:
    destination = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or destination.split("/")[0] == "..":
        msg = f"{archive} holds the link {path!r} to {target!r}, which leaves the archive; it was refused."
        raise BuildError(msg)
    return target


class _TopFolder:
    """Takes the single top folder off the paths of an archive, and refuses an archive that has several."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._top: Optional[str] = None

    def strip(self, name: str, is_directory: bool) -> str:
        top, _slash, rest = safe_path(name, self._archive).partition("/")
        if top in ("", "pax_global_header"):
            return ""
        if self._top is None:
            self._top = top
        if top != self._top or (rest == "" and not is_directory):
            msg = f"{self._archive} must hold exactly one top folder, but has {self._top!r} and {top!r}."
            raise BuildError(msg)
        return rest


def _tar(path: Path) -> Iterator[Entry]:
    try:
        with tarfile.open(path, "r:*") as archive:
            top = _TopFolder(path)
            for member in archive:
                name = top.strip(member.name, member.isdir())
                if name:
                    yield _tar_entry(archive, member, name, path)
    except tarfile.ReadError as error:
        # Its text lists every compression that was tried.
        msg = f"{path} is not a complete tar or zip archive."
        raise BuildError(msg) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        msg = f"{path} cannot be read as a tar archive ({error})."
        raise BuildError(msg) from error


def _tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, path: Path) -> Entry:
    def opened() -> IO[bytes]:
        file = archive.extractfile(member)
        if file is None:
            msg = f"{path}: {name} is not a regular file."
            raise BuildError(msg)
        return file

    common = {"mtime": int(member.mtime), "executable": bool(member.mode & 0o100), "open": opened}
    if member.isdir():
        return Entry(name, "directory", 0, **common)  # type: ignore[arg-type]
    if member.issym():
        return Entry(name, "link", 0, target=_safe_link(name, member.linkname, path), **common)  # type: ignore[arg-type]
    if member.isfile():
        return Entry(name, "file", member.size, **common)  # type: ignore[arg-type]
    msg = f"{path} holds {name}, which is neither a file nor a directory; it was refused."
    raise BuildError(msg)


def _zip(path: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            top = _TopFolder(path)
            for member in archive.infolist():
                name = top.strip(member.filename, member.is_dir())
                if name:
                    yield _zip_entry(archive, member, name, path)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        msg = f"{path} cannot be read as a zip archive ({error})."
        raise BuildError(msg) from error


def _zip_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, path: Path) -> Entry:
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        msg = f"{path} holds the symbolic link {name}; zip archives with links are refused."
        raise BuildError(msg)
    mtime = calendar.timegm((*member.date_time, 0, 0, 0))
    kind = "directory" if member.is_dir() else "file"
    return Entry(name, kind, member.file_size, mtime, bool(mode & 0o100), lambda: archive.open(member))


def _directory(path: Path) -> Iterator[Entry]:
    """Sorted, so that the same tree gives the same stream on every machine."""
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in DROPPED)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted({*files, *folders}):
            full = Path(folder, name)
            relative = safe_path(full.relative_to(path).as_posix(), path)
            info = full.lstat()
            executable = bool(info.st_mode & 0o100)
            if stat.S_ISLNK(info.st_mode):
                target = _safe_link(relative, os.readlink(full), path)
                yield Entry(relative, "link", 0, int(info.st_mtime), False, lambda: _no_file(path), target)
            elif stat.S_ISDIR(info.st_mode):
                yield Entry(relative, "directory", 0, int(info.st_mtime), executable, lambda: _no_file(path))
            elif stat.S_ISREG(info.st_mode):
                yield Entry(relative, "file", info.st_size, int(info.st_mtime), executable, lambda full=full: full.open("rb"))  # type: ignore[misc]
            else:
                msg = f"{full} is neither a file nor a directory; it was refused."
                raise BuildError(msg)
        folders[:] = [name for name in folders if name not in links]


def _no_file(path: Path) -> IO[bytes]:
    msg = f"{path}: only files can be opened."
    raise BuildError(msg)
