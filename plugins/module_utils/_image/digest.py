# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Checksums: of files, of whole trees, and what one looks like."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .errors import BuildError
from .tree import entries

_CHUNK = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def is_sha256(text: str) -> bool:
    """Return whether the text is a SHA-256 in hexadecimal digits."""
    return _SHA256.fullmatch(text) is not None


def find_sha256(text: str) -> str:
    """Return the first SHA-256 in a text, in lower case; nothing where it has none."""
    match = re.search(rf"\b{_SHA256.pattern}\b", text)
    return match.group(0).lower() if match else ""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def tree_digest(path: Path) -> str:
    """Return the SHA-256 over names, kinds, execute bits and content of a directory; times and owners do not count."""
    total = hashlib.sha256()
    for entry in entries(path):
        if entry.kind == "directory" or "__pycache__" in entry.path:
            continue
        content = sha256_of(path / entry.path) if entry.kind == "file" else entry.target
        total.update(f"{entry.path}\0{entry.kind}\0{int(entry.executable)}\0{content}\n".encode())
    return total.hexdigest()


def verify(path: Path, expected: str, name: str = "") -> None:
    """Raise a BuildError that names both checksums when a file has another one than expected.

    :param name: how the sentence calls the file; its path by default.
    """
    found = sha256_of(path)
    if found != expected.lower():
        msg = f"{name or path} has the wrong checksum: expected sha256 {expected.lower()}, found {found}. It was not used."
        raise BuildError(msg, "wrong_checksum")
