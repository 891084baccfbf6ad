# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Copying the snapshots that a second repository lacks. restic notes the first id of a copied snapshot as its original."""

from __future__ import annotations

import typing as t

from .._tool.errors import after_change
from . import client
from ._errors import NOT_BEGUN, ResticError
from ._snapshots import FILTER_ARGUMENT, Snapshot, read_filter, read_snapshots

FROM_PASSWORDS = tuple(f"from_{name}" for name in client.PASSWORDS)
ARGUMENTS: dict[str, t.Any] = {
    **{f"from_{name}": client.ARGUMENTS[name] for name in ("repository", *client.PASSWORDS)},
    "timeout": {"type": "int", "default": 86400},
    "filter": FILTER_ARGUMENT,
    "snapshots": {"type": "list", "elements": "str", "default": []},
}
RULES = client.merge_rules(mutually_exclusive=[FROM_PASSWORDS], required_one_of=[FROM_PASSWORDS])
# Failures that may concern one snapshot only, such as one that is damaged.
OF_ONE = ("failed", "partial")
# What a copy has in common with its source, in addition to time and original. A snapshot whose tags were changed is another one.
SAME = ("tree", "hostname", "username", "uid", "gid", "excludes")


def run(open_restic: client.Open, params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Compare the two repositories, copy what is missing, and return the result."""
    source = {name: params[f"from_{name}"] for name in ("repository", *client.PASSWORDS)}
    selection = read_filter(params["filter"])
    there, here = open_restic(reading=True, override=source), open_restic(reading=True)
    requested = selection.select(choose(read_snapshots(there), params["snapshots"], there.repository))
    lacking = find_missing(requested, read_snapshots(here))
    if lacking and not check_mode:
        transfer(open_restic(source=source), here, lacking)
    return {
        "changed": bool(lacking),
        "copied": [snapshot.brief() for snapshot in lacking],
        "num_present": len(requested) - len(lacking),
        "diff": diff(requested, lacking),
    }


def identity(snapshot: Snapshot) -> tuple[t.Any, ...]:
    """Return what is the same for a snapshot and its copies in other repositories."""
    row = snapshot.row
    facts = tuple(repr(row.get(name) or "") for name in SAME)
    return (row.get("original") or snapshot.id, snapshot.time, frozenset(snapshot.paths), frozenset(snapshot.tags), *facts)


def identities(snapshots: t.Iterable[Snapshot]) -> set[tuple[t.Any, ...]]:
    """Return all that a repository has. A snapshot that was copied back counts under its own id too."""
    found: set[tuple[t.Any, ...]] = set()
    for snapshot in snapshots:
        name, *facts = identity(snapshot)
        found |= {(name, *facts), (snapshot.id, *facts)}
    return found


def find_missing(source: t.Iterable[Snapshot], destination: t.Iterable[Snapshot]) -> list[Snapshot]:
    """Return the snapshots of the source that the destination lacks, the oldest first."""
    there = identities(destination)
    return [snapshot for snapshot in source if identity(snapshot) not in there]


def choose(source: t.Sequence[Snapshot], ids: t.Sequence[str], place: str) -> list[Snapshot]:
    """Return the snapshots with the given ids, or their beginnings; ResticError when one names none or several."""
    for name in ids:
        count = sum(snapshot.id.startswith(name) for snapshot in source) if name else 0
        if count != 1:
            what = f"{place} has {count or 'no'} snapshots whose id begins with {name!r}"
            msg = f"{what}. Nothing was copied. List them with restic_snapshot_info."
            raise ResticError(msg, error="no_snapshot")
    return [snapshot for snapshot in source if not ids or snapshot.id.startswith(tuple(ids))]


def transfer(restic: client.Restic, here: client.Restic, lacking: t.Sequence[Snapshot]) -> None:
    """Copy snapshots to a repository, each by a start of its own, so that one which is damaged keeps no other from being copied.

    A failure reports which ones are there now.
    """
    failures: list[ResticError] = []
    for number, snapshot in enumerate(lacking):
        try:
            restic.call("copy", snapshot.id)
        except ResticError as error:
            if error.error in NOT_BEGUN and not number:
                raise
            failures.append(error)
            if error.error not in OF_ONE:
                break
    with after_change():
        left = {snapshot.id for snapshot in find_missing(lacking, read_snapshots(here))}
    if not left and not failures:
        return
    copied = [snapshot.brief() for snapshot in lacking if snapshot.id not in left]
    counted = f"restic copied {len(copied)} of {len(lacking)} snapshots to {here.repository}. Run the task again."
    details = {"error": "not_copied", **(failures[0].details if failures else {}), "copied": copied, "changed": bool(copied)}
    raise ResticError(" ".join([counted, *map(str, failures)]), **details)


def diff(requested: t.Sequence[Snapshot], lacking: t.Sequence[Snapshot]) -> dict[str, str]:
    """Return which of the requested snapshots are in the destination, before and after."""
    left = {snapshot.id for snapshot in lacking}
    after = [snapshot.line() + "\n" for snapshot in requested]
    before = [text for text, snapshot in zip(after, requested) if snapshot.id not in left]
    return {"before": "".join(before), "after": "".join(after), "before_header": "snapshots", "after_header": "snapshots"}
