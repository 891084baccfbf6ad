# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Listing snapshots: each one, each group, and whether a backup is too old."""

from __future__ import annotations

import datetime
import typing as t

from .._tool import times
from ._errors import ResticError
from ._snapshots import FILTER_ARGUMENT, Snapshot, group_snapshots, is_stale, newest, partial_ids, read_filter, read_snapshots
from .client import Open

ARGUMENTS: dict[str, t.Any] = {
    "filter": FILTER_ARGUMENT,
    "latest": {"type": "int", "default": 0},
    "group_by": {"type": "list", "elements": "str", "choices": ["host", "paths", "tags"], "default": ["host", "paths"]},
    "max_age": {"type": "str"},
    "fail_if_stale": {"type": "bool", "default": False},
    "stats": {"type": "str", "choices": ["restore-size", "raw-data", "files-by-contents", "blobs-per-file"]},
}
# What is passed on as restic prints it, where it prints it.
EXTRA = ("tree", "parent", "original", "username", "program_version", "summary")
SHORT = ("id", "short_id", "time", "age_seconds")


def run(open_restic: Open, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the snapshots that are selected; ResticError when fail_if_stale is on and they are too old."""
    max_age = times.parse_age(params["max_age"], "max_age") if params["max_age"] else None
    selection = read_filter(params["filter"])
    restic = open_restic()
    result = describe(
        selection.select(read_snapshots(restic)),
        hosts=selection.hosts,
        group_by=params["group_by"],
        latest=params["latest"],
        max_age=max_age,
        now=times.now(),
    )
    if params["stats"]:
        result["statistics"] = restic.call_json("stats", "--no-lock", f"--mode={params['stats']}", *selection.options())
    if params["fail_if_stale"] and result["stale"]:
        raise ResticError(stale_sentence(result, params["max_age"], restic.repository), error="stale", **result)
    return {"changed": False, **result}


def describe(
    snapshots: t.Sequence[Snapshot],
    *,
    hosts: t.Sequence[str],
    group_by: t.Collection[str],
    latest: int,
    max_age: t.Optional[float],
    now: datetime.datetime,
) -> dict[str, t.Any]:
    """Return the result for the snapshots that were selected."""
    groups = list(group_snapshots(snapshots, group_by).values())
    partial = partial_ids(snapshots)
    good = [one for one in snapshots if one.id not in partial]
    found = newest(good, now)
    # A host that the filter names must have a fresh snapshot of its own.
    stale_hosts = [host for host in hosts if is_stale(newest((one for one in good if one.host == host), now), max_age, now)]
    shown = {one.id for members in groups for one in (members[-latest:] if latest else members)}
    return {
        "snapshots": [snapshot_row(one, now, partial) for one in snapshots if one.id in shown],
        "groups": [_group_row(members, group_by, max_age, now, partial) for members in groups],
        "newest": snapshot_row(found, now) if found else None,
        "total": len(snapshots),
        "stale": bool(stale_hosts) or is_stale(found, max_age, now),
        "stale_hosts": stale_hosts,
    }


def snapshot_row(snapshot: Snapshot, now: datetime.datetime, partial: t.Collection[str] = ()) -> dict[str, t.Any]:
    """Return one snapshot for the result."""
    return {
        "id": snapshot.id,
        "short_id": snapshot.id[:8],
        "time": snapshot.time.isoformat(timespec="seconds"),
        "age_seconds": int(snapshot.age(now)),
        "future": snapshot.is_future(now),
        "host": snapshot.host,
        "paths": list(snapshot.paths),
        "tags": list(snapshot.tags),
        "partial": snapshot.id in partial,
        **{name: snapshot.row[name] for name in EXTRA if snapshot.row.get(name)},
    }


def _group_row(
    members: list[Snapshot], by: t.Collection[str], max_age: t.Optional[float], now: datetime.datetime, partial: t.Collection[str]
) -> dict[str, t.Any]:
    found, last = newest((one for one in members if one.id not in partial), now), members[-1]
    properties = {"host": last.host, "paths": list(last.paths), "tags": list(last.tags)}
    return {
        **{name: properties[name] for name in by},
        "total": len(members),
        "newest": {name: value for name, value in snapshot_row(found, now).items() if name in SHORT} if found else None,
        "stale": is_stale(found, max_age, now),
    }


def stale_sentence(result: t.Mapping[str, t.Any], max_age: t.Optional[str], repository: str) -> str:
    """Return what is wrong with the age of the snapshots."""
    last = result["newest"]
    what = f"The newest is of {last['time']} ({last['age_seconds'] / 3600:.1f} hours old)" if last else "There is none"
    of = f" of {', '.join(result['stale_hosts'])}" if result["stale_hosts"] else ""
    limit = f"no snapshot{of} that is younger than {max_age}" if max_age else f"no snapshot{of}"
    refused = sum(row["partial"] for row in result["snapshots"])
    partial = f" {refused} were refused as partial." if refused else ""
    found = f"{repository} has {limit} among the {result['total']} that were selected. {what}.{partial}"
    return f"{found} Find out why the backup does not run."
