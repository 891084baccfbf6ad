# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Progress lines: on standard error, and in a log file that can be followed while a step runs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Optional, TextIO

_STARTED = time.monotonic()
_log: Optional[TextIO] = None


def open_log(path: Path) -> None:
    """Write every following line to `path` too. Raises OSError when it cannot be written."""
    global _log
    path.parent.mkdir(parents=True, exist_ok=True)
    _log = path.open("w", encoding="utf-8", buffering=1)


def say(text: str) -> None:
    """Print one line with the seconds since the start."""
    line = f"[{time.monotonic() - _STARTED:6.1f}s] {text}"
    print(line, file=sys.stderr, flush=True)
    if _log is not None:
        print(line, file=_log)


class Every:
    """Says something at most every few seconds, for loops that take long.

    :param seconds: the least time between two lines.
    """

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def say(self, text: str) -> None:
        """Print the line, unless the last one was printed a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._seconds
            say(text)
