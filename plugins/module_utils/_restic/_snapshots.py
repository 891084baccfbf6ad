# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Snapshots as data: reading them, choosing some by id or filter, grouping them, and how old the newest is.

Every module chooses in the same way, and on every version of restic.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._tool.times import parse_time
from ._errors import ResticError
from .client import Restic

# How far a clock may run ahead. A snapshot from further in the future proves nothing about the present: a wrong clock or
# a forged time would otherwise count as a fresh backup for years.
TOLERANCE = datetime.timedelta(minutes=5)
# The tag of a snapshot that restic_backup refused because something is missing in it.
PARTIAL = "campus.moodle.partial"
LATEST = "latest"
WORDS: dict[str, t.Any] = {"type": "list", "elements": "str", "default": []}
FILTER_ARGUMENT: dict[str, t.Any] = {"type": "dict", "options": {"hosts": WORDS, "tags": WORDS, "paths": WORDS}}


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """One snapshot. row is what restic prints about it."""

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

    def brief(self) -> dict[str, t.Any]:
        """Return what results contain of it."""
        return {"id": self.id, "time": self.row["time"], "host": self.host, "paths": list(self.paths), "tags": list(self.tags)}

    def line(self) -> str:
        """Return it as a line of a diff."""
        tags = f" [{', '.join(self.tags)}]" if self.tags else ""
        return f"{self.id[:8]} {self.row['time'][:19]} {self.host} {', '.join(self.paths)}{tags}"


class Filter(t.NamedTuple):
    """Which snapshots are meant: those of any of the hosts that have all the tags and all the paths. Empty: all of them."""

    hosts: t.Sequence[str] = ()
    tags: t.Sequence[str] = ()
    paths: t.Sequence[str] = ()

    def select(self, snapshots: t.Iterable[Snapshot]) -> list[Snapshot]:
        """Return the snapshots that are meant."""
        return [
            snapshot
            for snapshot in snapshots
            if (not self.hosts or snapshot.host in self.hosts)
            and set(self.tags) <= set(snapshot.tags)
            and set(self.paths) <= set(snapshot.paths)
        ]

    def options(self) -> list[str]:
        """Return it as options of restic."""
        hosts = [word for host in self.hosts for word in ("--host", host)]
        tags = ["--tag", ",".join(self.tags)] if self.tags else []
        return hosts + tags + [word for path in self.paths for word in ("--path", path)]

    def __str__(self) -> str:
        parts = [f"{name} {', '.join(words)}" for name, words in self._asdict().items() if words]
        return f" with {' and '.join(parts)}" if parts else ""


def read_filter(given: t.Optional[t.Mapping[str, t.Sequence[str]]]) -> Filter:
    """Read the option filter; an empty word in it, usually a variable without a value, is refused."""
    found = Filter(**{name: (given or {}).get(name) or () for name in Filter._fields})
    for name, words in found._asdict().items():
        if "" in words:
            what = f"filter.{name} contains an empty word, so it would select other snapshots than it seems to"
            msg = f"{what}. Give a value or leave it out."
            raise ResticError(msg, error="invalid")
    return found


def read_time(text: str) -> datetime.datetime:
    """Read a time as restic prints it; ResticError for other text."""
    found = parse_time(text)
    if found is None:
        raise ResticError(f"restic printed a time that is not valid: {text!r}.", error="failed")
    return found


def parse_snapshots(rows: t.Iterable[t.Mapping[str, t.Any]]) -> list[Snapshot]:
    """Read the output of "restic snapshots --json", the oldest first."""
    found = [
        Snapshot(
            id=str(row["id"]),
            time=read_time(row["time"]),
            host=str(row.get("hostname") or ""),
            paths=tuple(row.get("paths") or ()),
            tags=tuple(row.get("tags") or ()),
            row=row,
        )
        for row in rows or ()
    ]
    return sorted(found, key=lambda snapshot: (snapshot.time, snapshot.id))


def read_snapshots(restic: Restic) -> list[Snapshot]:
    """Return all snapshots of a repository, the oldest first, without a lock: also while a backup or a prune runs."""
    return parse_snapshots(restic.call_json("snapshots", "--no-lock"))


def find_snapshot(restic: Restic, name: str, selection: Filter, now: datetime.datetime) -> tuple[Snapshot, str]:
    """Return a snapshot, and a warning about it or nothing. name is its id, the beginning of it, or LATEST.

    LATEST is the newest good one that a filter selects. One from the future, and one that is marked as partial, is found by its id only.
    """
    everything = read_snapshots(restic)
    partial = partial_ids(everything)
    if name == LATEST:
        one = newest((good for good in selection.select(everything) if good.id not in partial), now)
        found = [one] if one else []
    else:
        found = [snapshot for snapshot in everything if name and snapshot.id.startswith(name)]
    if len(found) == 1:
        lacks = f"Snapshot {found[0].id[:8]} was refused as partial when it was made, so it lacks files that it should have."
        return found[0], lacks if found[0].id in partial else ""
    what = f"no snapshot{selection}" if name == LATEST else f"{len(found) or 'no'} snapshots whose id begins with {name!r}"
    count = sum(snapshot.id in partial for snapshot in everything)
    refused = f", of which {count} were refused as partial" if count and name == LATEST else ""
    msg = f"{restic.repository} has {what}, and {len(everything)} snapshots in all{refused}. List them with restic_snapshot_info."
    raise ResticError(msg, error="no_snapshot")


def group_snapshots(snapshots: t.Iterable[Snapshot], by: t.Collection[str]) -> dict[tuple[str, ...], list[Snapshot]]:
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
