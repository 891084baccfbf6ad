# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Waiting with a bound: the answer decides, never the clock alone."""

from __future__ import annotations

import time
import typing as t

T = t.TypeVar("T")
LONG = 90  # seconds that only a broken machine needs


def wait_for(probe: t.Callable[[], T], *, what: str, seconds: float = LONG, interval: float = 0.2) -> T:
    """Call probe until it returns something true, and return that.

    A probe may raise OSError (connection refused and the like), which counts as "not yet".

    Args:
        probe: called again and again.
        what: completes the sentence "... did not happen within N seconds".
        seconds: the bound; the probe is called at least once.
        interval: seconds between two calls.

    Raises:
        AssertionError: the bound was reached; names what and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer: t.Any = probe()
        except OSError as error:
            answer, last = None, repr(error)
        else:
            last = repr(answer)
        if answer:
            return t.cast("T", answer)
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} seconds; last answer: {last[:500]}")
        time.sleep(interval)
