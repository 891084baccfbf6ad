# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Snapshots as data: reading them, choosing some, grouping them, and how old the newest is. Pure functions."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._tool.errors import ToolError

# How far a clock may run ahead. A snapshot from further in the future proves nothing about the present: a wrong clock or
# a forged time would otherwise count as a fresh backup for years.
TOLERANCE = datetime.timedelta(minutes=5)
# The tag of a snapshot that restic_backup refused because something is missing in it.
PARTIAL = "campus.moodle.partial"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MOMENT = re.compile(r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)")


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """One snapshot. row is what restic says about it."""

    id: str
    time: datetime.datetime
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    row: t.Mapping[str, t.Any]

    def age(self, now: datetime.datetime) -> float:
        """Return the age in seconds, below zero for one from the future."""
        return (now - self.time).total_seconds()

    def is_future(self, now: datetime.datetime) -> bool:
        """Return whether the time cannot be true."""
        return self.time > now + TOLERANCE


def parse_time(text: str) -> datetime.datetime:
    """Read a time as Go prints it, with up to nine digits of a second, which Python's own parser does not take."""
    found = MOMENT.fullmatch(text)
    if not found:
        msg = f"restic named a time that is none: {text!r}."
        raise ToolError(msg, error="failed")
    zone = "+00:00" if found["zone"] == "Z" else found["zone"]
    return datetime.datetime.fromisoformat(f"{found['second']}.{(found['fraction'] or '0')[:6]:0<6}{zone}")


def parse_snapshots(rows: t.Iterable[t.Mapping[str, t.Any]]) -> list[Snapshot]:
    """Read the output of "restic snapshots --json", the oldest first."""
    found = [
        Snapshot(
            id=str(row["id"]),
            time=parse_time(row["time"]),
            host=str(row.get("hostname") or ""),
            paths=tuple(row.get("paths") or ()),
            tags=tuple(row.get("tags") or ()),
            row=row,
        )
        for row in rows or ()
    ]
    return sorted(found, key=lambda snapshot: (snapshot.time, snapshot.id))


def parse_age(text: str) -> float:
    """Read an age such as 26h, 1d12h or a number of seconds."""
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not text.isdigit() and (not parts or "".join(map("".join, parts)) != text):
        msg = f"max_age is {text!r}, which is no age. Write a number with a unit (s, m, h, d or w), such as 26h or 1d12h."
        raise ToolError(msg, error="invalid")
    return float(text) if text.isdigit() else float(sum(int(number) * UNITS[unit] for number, unit in parts))


def matching(
    snapshots: t.Iterable[Snapshot],
    *,
    hosts: t.Collection[str] = (),
    tags: t.Collection[str] = (),
    paths: t.Collection[str] = (),
) -> list[Snapshot]:
    """Return the snapshots of any of the hosts that have all the tags and all the paths."""
    return [
        snapshot
        for snapshot in snapshots
        if (not hosts or snapshot.host in hosts) and set(tags) <= set(snapshot.tags) and set(paths) <= set(snapshot.paths)
    ]


def grouped(snapshots: t.Iterable[Snapshot], by: t.Collection[str]) -> dict[tuple[str, ...], list[Snapshot]]:
    """Return the snapshots by the named properties (host, paths, tags), in the order of their first snapshot."""
    groups: dict[tuple[str, ...], list[Snapshot]] = {}
    for snapshot in snapshots:
        properties = {"host": snapshot.host, "paths": "\0".join(sorted(snapshot.paths)), "tags": "\0".join(sorted(snapshot.tags))}
        groups.setdefault(tuple(properties[name] for name in by), []).append(snapshot)
    return groups


def partial_ids(snapshots: t.Iterable[Snapshot]) -> set[str]:
    """Return the ids of those that are marked as partial.

    A mark is a new snapshot that names the first one. Where nothing may be deleted, that one is still there, and what was copied
    from it before it was marked names it too.
    """
    everything = list(snapshots)
    marked = [one for one in everything if PARTIAL in one.tags]
    first = {str(one.row.get("original") or one.id) for one in marked}
    return {one.id for one in marked} | first | {one.id for one in everything if one.row.get("original") in first}


def newest(snapshots: t.Iterable[Snapshot], now: datetime.datetime) -> t.Optional[Snapshot]:
    """Return the newest snapshot that is not from the future."""
    return max((one for one in snapshots if not one.is_future(now)), key=lambda one: one.time, default=None)


def is_stale(snapshot: t.Optional[Snapshot], max_age: t.Optional[float], now: datetime.datetime) -> bool:
    """Return whether there is no snapshot, or it is older than max_age seconds."""
    return snapshot is None or (max_age is not None and snapshot.age(now) > max_age)
