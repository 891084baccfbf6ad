# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Files that are never half written, and files for secrets that end with the module."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t


def replace_file(path: str, content: str | bytes, *, mode: int, uid: t.Optional[int] = None) -> None:
    """Replace a file as a whole: a reader finds the old content or the new one, never a part, a wider mode or another owner.

    The draft stands next to it and has a name that begins with a dot and ends in eight random characters.
    """
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            # Before the new name: a machine that loses power must not find an empty file there.
            os.fsync(file.fileno())
        os.chmod(draft, mode)
        if uid is not None:
            os.chown(draft, uid, uid)
        # Not AnsibleModule.atomic_move, which gives the new file the attributes of the one it replaces.
        os.rename(draft, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        raise


def secret_file(module: t.Any, text: str) -> str:
    """Return the path of a file that only its owner can read and that is removed when the module ends."""
    handle, path = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path
