# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Files that a restore began and did not finish, treated so that the next restore does not take them for good ones.

restic gives a file its final size before it has the content, and its final time also when it never got all of it.
"""

from __future__ import annotations

import os
import stat
import typing as t

# One nanosecond after the epoch: older than everything that is backed up, and not a time that programs set on purpose.
NEVER_TRUE = (1, 1)
# These trust a newer file, or any. The others see an unfinished one: it has its final time only after restic has all contents.
TRUSTING = ("if-newer", "never")


def distrust(target: str, failed: t.Iterable[str], made: t.Optional[t.Collection[str]]) -> list[str]:
    """Remove failed files that this restore made, and give an old time to those that were there; return what could not be treated.

    made are the paths that were missing before, None when all of them were. What was there may still have its old content.
    """
    return [item for item in failed if not _treat(target, item, gone=made is None or item in made)]


def files_in(target: str) -> t.Iterator[str]:
    """Yield the paths of all files in a target, as restic names entries."""
    base = target.rstrip("/")
    for folder, _folders, names in os.walk(target):
        yield from (f"{folder[len(base) :].rstrip('/')}/{name}" for name in names)


def _treat(target: str, item: str, *, gone: bool) -> bool:
    """Treat one file, and return whether nothing of it can be trusted now. Directories and links have no content."""
    path = os.path.normpath(target.rstrip("/") + item)
    if not path.startswith(target.rstrip("/") + "/"):
        return True
    try:
        if stat.S_ISREG(os.lstat(path).st_mode):
            # Also before it is removed: another name of the same file may stay.
            os.utime(path, ns=NEVER_TRUE)
            if gone:
                os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True
