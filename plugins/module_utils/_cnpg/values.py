# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Positions in PostgreSQL's log, which it writes as text."""

from __future__ import annotations

import re
import typing as t

_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


def parse_lsn(text: t.Optional[str]) -> t.Optional[int]:
    """Return a position in the log as a number of bytes; None for text that is none."""
    found = _LSN.fullmatch(text or "")
    return (int(found.group(1), 16) << 32) + int(found.group(2), 16) if found else None
