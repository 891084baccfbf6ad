# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Choosing snapshots of a repository by id or by host, tags and paths, the same way in every module and on every restic."""

from __future__ import annotations

import datetime
import json
import typing as t

from .client import Restic
from .errors import ResticError
from .snapshots import Snapshot, matching, newest, parse_snapshots, partial_ids

LATEST = "latest"
NAMES = ("hosts", "tags", "paths")
FILTER_ARGUMENT: dict[str, t.Any] = {
    "type": "dict",
    "options": {name: {"type": "list", "elements": "str", "default": []} for name in NAMES},
}
# Reading the list of snapshots takes seconds, whatever the limit of the work that follows is.
READ_SECONDS = 300


def read_limit(params: t.Mapping[str, t.Any]) -> float:
    """Return the time limit for starts of restic that only look, so that an unreachable repository is noticed early."""
    return min(params["timeout"] or READ_SECONDS, READ_SECONDS)


def checked(wanted: t.Optional[t.Mapping[str, t.Sequence[str]]]) -> dict[str, list[str]]:
    """Return a filter without gaps; an empty word in it, usually a variable without a value, is refused."""
    found = {name: list((wanted or {}).get(name) or []) for name in NAMES}
    empty = [name for name, words in found.items() if "" in words]
    if empty:
        msg = (
            f"filter.{empty[0]} contains an empty word, so it would select other snapshots than it seems to. Give a value or leave it out."
        )
        raise ResticError(msg, error="invalid")
    return found


def filter_options(wanted: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Return a checked filter as options of restic: any of the hosts, all of the tags, all of the paths."""
    hosts = [word for host in wanted["hosts"] for word in ("--host", host)]
    tags = ["--tag", ",".join(wanted["tags"])] if wanted["tags"] else []
    return hosts + tags + [word for path in wanted["paths"] for word in ("--path", path)]


def describe(wanted: t.Mapping[str, t.Sequence[str]]) -> str:
    """Return a checked filter as part of a sentence, empty without one."""
    parts = [f"{name} {', '.join(words)}" for name, words in wanted.items() if words]
    return f" with {' and '.join(parts)}" if parts else ""


def selected(snapshots: t.Iterable[Snapshot], wanted: t.Mapping[str, t.Sequence[str]]) -> list[Snapshot]:
    """Return the snapshots that a checked filter selects."""
    return matching(snapshots, hosts=wanted["hosts"], tags=wanted["tags"], paths=wanted["paths"])


def snapshots_of(restic: Restic) -> list[Snapshot]:
    """Return all snapshots of a repository, the oldest first, without a lock: also while a backup or a prune runs."""
    return parse_snapshots(restic.call_json("snapshots", "--no-lock"))


def find_snapshot(restic: Restic, wanted: str, chosen_by: t.Mapping[str, t.Sequence[str]], now: datetime.datetime) -> tuple[Snapshot, str]:
    """Return the snapshot with an id (or its beginning), or the newest good one that a filter selects, and what to warn about, if anything.

    One from the future, and one that is marked as partial, is found by its id only.
    """
    everything = snapshots_of(restic)
    partial = partial_ids(everything)
    if wanted == LATEST:
        one = newest((good for good in selected(everything, chosen_by) if good.id not in partial), now)
        found = [one] if one else []
    else:
        found = [snapshot for snapshot in everything if wanted and snapshot.id.startswith(wanted)]
    if len(found) == 1:
        lacks = f"Snapshot {found[0].id[:8]} was refused as partial when it was made, so it lacks files that it should have."
        return found[0], lacks if found[0].id in partial else ""
    what = f"no snapshot{describe(chosen_by)}" if wanted == LATEST else f"{len(found) or 'no'} snapshots whose id begins with {wanted!r}"
    count = sum(snapshot.id in partial for snapshot in everything)
    refused = f", of which {count} were refused as partial" if count and wanted == LATEST else ""
    msg = f"{restic.repository} has {what}, and {len(everything)} snapshots in all{refused}. Look at them with restic_snapshot_info."
    raise ResticError(msg, error="no_snapshot")


def json_of(text: str, what: str) -> t.Any:
    """Read what restic printed as JSON; ResticError when it is none."""
    try:
        return json.loads(text)
    except ValueError:
        msg = f"restic printed a {what} that is no JSON: {text[:200]!r}. Check that the option binary names restic."
        raise ResticError(msg, error="failed") from None


def brief(snapshot: Snapshot) -> dict[str, t.Any]:
    """Return what results say about a snapshot."""
    return {
        "id": snapshot.id,
        "time": snapshot.row["time"],
        "host": snapshot.host,
        "paths": list(snapshot.paths),
        "tags": list(snapshot.tags),
    }


def line(snapshot: Snapshot) -> str:
    """Return a snapshot as a line of a diff."""
    tags = f" [{', '.join(snapshot.tags)}]" if snapshot.tags else ""
    return f"{snapshot.id[:8]} {snapshot.row['time'][:19]} {snapshot.host} {', '.join(snapshot.paths)}{tags}"
