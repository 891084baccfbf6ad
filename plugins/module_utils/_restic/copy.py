# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Which snapshots of a repository another one lacks. restic notes the first id of a copied snapshot as its original."""

from __future__ import annotations

import typing as t

from .._tool.errors import after_change
from .client import Restic
from .errors import NOT_BEGUN, ResticError
from .filter import brief, line, snapshots_of
from .snapshots import Snapshot

# What a copy has in common with its source, beside time and original. A snapshot whose tags were changed is another one.
SAME = ("tree", "hostname", "username", "uid", "gid", "excludes")


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


def missing(source: t.Iterable[Snapshot], destination: t.Iterable[Snapshot]) -> list[Snapshot]:
    """Return the snapshots of the source that the destination lacks, the oldest first."""
    there = identities(destination)
    return [snapshot for snapshot in source if identity(snapshot) not in there]


def chosen(source: t.Sequence[Snapshot], ids: t.Sequence[str], place: str) -> list[Snapshot]:
    """Return the snapshots with the given ids, or their beginnings; ResticError when one names none or several."""
    for wanted in ids:
        count = sum(snapshot.id.startswith(wanted) for snapshot in source) if wanted else 0
        if count != 1:
            what = f"{place} has {count or 'no'} snapshots whose id begins with {wanted!r}"
            msg = f"{what}. Nothing was copied. Look at them with restic_snapshot_info."
            raise ResticError(msg, error="no_snapshot")
    return [snapshot for snapshot in source if not ids or snapshot.id.startswith(tuple(ids))]


def transfer(restic: Restic, here: Restic, lacking: t.Sequence[Snapshot]) -> None:
    """Copy snapshots to a repository. restic does one after the other, so a failure tells which ones are there now."""
    failure = None
    try:
        restic.call("copy", *(snapshot.id for snapshot in lacking))
    except ResticError as error:
        if error.error in NOT_BEGUN:
            raise
        failure = error
    with after_change():
        left = {snapshot.id for snapshot in missing(lacking, snapshots_of(here))}
    if not left and not failure:
        return
    copied = [brief(snapshot) for snapshot in lacking if snapshot.id not in left]
    counted = f"restic copied {len(copied)} of {len(lacking)} snapshots to {here.repository}. Run again."
    details = {"error": "not_copied", **(failure.details if failure else {}), "copied": copied, "changed": bool(copied)}
    raise ResticError(f"{counted} {failure}" if failure else counted, **details)


def diff(wanted: t.Sequence[Snapshot], lacking: t.Sequence[Snapshot]) -> dict[str, str]:
    """Return which of the wanted snapshots are in the destination, before and after."""
    left = {snapshot.id for snapshot in lacking}
    after = [line(snapshot) + "\n" for snapshot in wanted]
    before = [text for text, snapshot in zip(after, wanted) if snapshot.id not in left]
    return {"before": "".join(before), "after": "".join(after), "before_header": "snapshots", "after_header": "snapshots"}
