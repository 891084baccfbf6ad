# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The archive: its bytes, and the last look into them before anybody gets it."""

from __future__ import annotations

import io
import tarfile
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .scrub import Scrubber

MODE = 0o600


def pack(folder: str, files: t.Mapping[str, str], moment: float) -> bytes:
    """Return a compressed archive of text files in a folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode("utf-8", "replace")
            row = tarfile.TarInfo(f"{folder}/{name}")
            row.size, row.mode, row.mtime = len(content), MODE, int(moment)
            archive.addfile(row, io.BytesIO(content))
    return packed.getvalue()


def require_clean(packed: bytes, scrubber: Scrubber) -> None:
    """Refuse an archive in which a known secret is left: unpack it again and search names and contents."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for row in archive:
            file = archive.extractfile(row)
            content = file.read().decode("utf-8", "replace") if file else ""
            if scrubber.leaks(content) or scrubber.leaks(row.name):
                # Not which one it is: the name of the file may be what holds the secret.
                msg = "A secret of the site was still in what was collected, so no archive was written. Please report this as a mistake."
                raise ToolError(msg, error="secret")
