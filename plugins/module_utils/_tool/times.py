# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Times as programs print them, and ages as people write them."""

from __future__ import annotations

import datetime
import re
import typing as t

from .errors import ToolError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}(?::?\d{2})?)?")


def now() -> datetime.datetime:
    """Return the time, with its zone."""
    return datetime.datetime.now(datetime.timezone.utc)


def parse_time(text: t.Optional[str]) -> t.Optional[datetime.datetime]:
    """Read a time as Go, Kubernetes or PostgreSQL print it; without a zone it is UTC. None for text that is not a time.

    Python's own parser does not take the nine digits of a second that Go prints.
    """
    found = MOMENT.fullmatch((text or "").strip())
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    sign, digits = (zone or "Z")[0], (zone or "")[1:].replace(":", "").ljust(4, "0")
    offset = "+00:00" if sign == "Z" else f"{sign}{digits[:2]}:{digits[2:]}"
    try:
        return datetime.datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{offset}")
    except ValueError:
        return None


def micro_time(moment: datetime.datetime) -> str:
    """Return a time as Kubernetes writes its type MicroTime."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_age(text: str, option: str) -> float:
    """Return an age, such as 26h, 1d12h or a number of seconds, in seconds. option is named in the failure."""
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not text.isdigit() and (not parts or "".join(map("".join, parts)) != text):
        msg = f"{option} is {text!r}, which is not a valid age. Write a number with a unit (s, m, h, d or w), such as 26h or 1d12h."
        raise ToolError(msg, error="invalid")
    return float(text) if text.isdigit() else float(sum(int(number) * UNITS[unit] for number, unit in parts))
