# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Values that PostgreSQL and Kubernetes write as text: times, and positions in the log."""

from __future__ import annotations

import datetime
import re
import typing as t

_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}(?::?\d{2})?)?")


def parse_lsn(text: t.Optional[str]) -> t.Optional[int]:
    """Return a position in the log as a number of bytes; None for text that is none."""
    found = _LSN.fullmatch(text or "")
    return (int(found.group(1), 16) << 32) + int(found.group(2), 16) if found else None


def parse_time(text: t.Optional[str]) -> t.Optional[datetime.datetime]:
    """Read a time as Kubernetes or PostgreSQL write it; without a zone it is UTC. None for text that is none."""
    found = _TIME.fullmatch((text or "").strip())
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    sign, digits = (zone or "Z")[0], (zone or "")[1:].replace(":", "").ljust(4, "0")
    offset = "+00:00" if sign == "Z" else f"{sign}{digits[:2]}:{digits[2:]}"
    try:
        return datetime.datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{offset}")
    except ValueError:
        return None


def now() -> datetime.datetime:
    """Return the time now, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def micro_time(moment: datetime.datetime) -> str:
    """Return a time in UTC the way CloudNativePG writes its own timestamps."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
