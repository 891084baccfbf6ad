# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Whether a disk has room, in a sentence: a proof for the directories of any target."""

from __future__ import annotations

import typing as t

from .._tool.sizes import in_gigabytes
from .report import Finding, fine, problem
from .world import Disk, World

# Of all inodes, and of all memory.
LEAST_SHARE = 0.05


def room(world: World, what: str, path: str, least: int) -> t.Iterator[Finding]:
    """Say whether the disk of a directory has room and inodes."""
    found = world.disk(path)
    said = f"The disk of {what} ({path}) has {in_gigabytes(found.free)} of {in_gigabytes(found.total)} free{_inodes(found)}"
    if found.free < least:
        yield problem("disk", f"{said}; moodle_disk_minimum asks for {in_gigabytes(least)}.")
    elif found.inodes and found.inodes_free < found.inodes * LEAST_SHARE:
        yield problem("disk", f"{said}; without inodes no file can be made, so remove some.")
    else:
        yield fine("disk", f"{said}.")


def _inodes(found: Disk) -> str:
    return f" and {100 * found.inodes_free // found.inodes}% of the inodes" if found.inodes else ""
