# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Progress lines, in a log file that can be followed while a build runs."""

from __future__ import annotations

import contextlib
import contextvars
import time
import typing as t
from pathlib import Path

_STARTED = time.monotonic()
_log: t.Optional[t.TextIO] = None
_about: contextvars.ContextVar[str] = contextvars.ContextVar("_about", default="")


@contextlib.contextmanager
def log_to(path: Path, *, anew: bool = False) -> t.Iterator[None]:
    """Write the lines of the block to a file, which is emptied first for a new build. Raises OSError when it cannot be written."""
    global _log
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w" if anew else "a", encoding="utf-8", buffering=1) as file:
        _log = file
        try:
            yield
        finally:
            _log = None


def speak_of(image: str) -> None:
    """Name an image in every following line of this thread, since two can be built at the same time."""
    _about.set(f"{image}: ")


def say(text: str, indent: str = "") -> None:
    """Write one line with the seconds since the start. What programs print is indented."""
    if _log is not None:
        _log.write(f"[{time.monotonic() - _STARTED:6.1f}s] {indent}{_about.get()}{text}\n")


class Every:
    """Say something at most every few seconds, for loops that take long.

    :param seconds: the least time between two lines.
    """

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def say(self, text: str) -> None:
        """Write the line, unless the last one was written a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._seconds
            say(text, "  ")
