# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Comparing the content of a target with a snapshot, for a restic whose restore cannot compare without writing."""

from __future__ import annotations

import os
import re

from ._stream import stream
from .check import DAMAGE
from .client import FORGET, Restic
from .errors import ResticError

# tar also names other owners, times and modes; those are none of its business here.
COMPARE = ("tar", "--compare", "--quoting-style=literal", "--file=-", "--directory")
DIFFERS = re.compile(r"^(?:tar: )?(?P<path>.+?): (?:Contents differ|Size differs|File type differs|Warning: Cannot stat: .*)$", re.M)
# What tar ends with when everything is the same, and when something differs.
COMPARED = (0, 1)


def other_content(restic: Restic, place: str, target: str) -> tuple[str, ...]:
    """Return the paths of the files in a target that have other content than in the snapshot, read from the repository."""
    words = ["dump", "--no-lock", "--archive=tar", place, "/"]
    environ = {**{name: value for name, value in os.environ.items() if name not in FORGET}, "LC_ALL": "C.UTF-8"}
    done = stream(
        restic.command(*words),
        [*COMPARE, target],
        writer_environ={**environ, **restic.environ},
        reader_environ=environ,
        timeout=restic.timeout,
    )
    if done.interrupted or done.timed_out:
        error = restic.failure(words, done.writer, timed_out=done.timed_out)
        kind = "damaged" if DAMAGE.search(done.writer.err) else error.error
        raise ResticError(str(error), **{**error.details, "error": kind})
    if done.reader.rc not in COMPARED:
        msg = f"tar could not compare {target} with the snapshot (exit status {done.reader.rc}): {done.reader.err.strip()[-600:]}"
        raise ResticError(msg, error="failed")
    return tuple(sorted({f"/{found['path'].strip('/')}" for found in DIFFERS.finditer(f"{done.reader.out}\n{done.reader.err}")}))
