# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A snapshot that lacks what it must not lack: it is refused, and marked, so that nobody takes it for a good one later."""

from __future__ import annotations

import typing as t

from .._tool.errors import ToolError
from .backup import Outcome
from .client import Restic
from .errors import ResticError
from .snapshots import PARTIAL, parse_snapshots


def judge(outcome: Outcome, params: t.Mapping[str, t.Any]) -> list[str]:
    """Return what to warn about; ToolError for a snapshot that lacks what it must not lack."""
    items = ", ".join(sorted({error["item"] or error["message"] for error in outcome.errors}))
    lacks = {
        "partial": (params["on_partial"], items and f"restic could not read {items}."),
        "missing_path": (params["missing_path"], outcome.missing and f"These sources do not exist: {', '.join(outcome.missing)}."),
    }
    state = f"The snapshot {outcome.snapshot_id} exists without it" if outcome.snapshot_id else "No snapshot would have it"
    for kind, (policy, sentence) in lacks.items():
        if sentence and policy == "fail":
            raise ToolError(f"{sentence} {state}. Correct that, and run it again.", error=kind)
    return [f"{sentence} The snapshot is without it." for _policy, sentence in lacks.values() if sentence]


def settle(restic: Restic, outcome: Outcome, params: t.Mapping[str, t.Any]) -> list[str]:
    """Do as judge, and mark the snapshot that is refused."""
    try:
        return judge(outcome, params)
    except ToolError as refusal:
        if not outcome.snapshot_id:
            raise
        try:
            identity = mark(restic, outcome.snapshot_id)
        except ToolError as error:
            msg = f"{refusal} It could not be marked as partial, so max_age would count it: {error}"
            raise ToolError(msg, **refusal.details) from error
        raise ToolError(str(refusal), **refusal.details, snapshot_id=identity) from refusal


def mark(restic: Restic, identity: str) -> str:
    """Give a snapshot the tag for partial ones, and return the id that it has then."""
    # Before 0.16 restic cannot wait for the backups of other hosts to end, but does without the lock, which a new tag does not need.
    patience = "--retry-lock=1m" if restic.has("lock_wait") else "--no-lock"
    said = restic.call("tag", f"--add={PARTIAL}", patience, identity)
    for one in parse_snapshots(restic.call_json("snapshots", "--no-lock", f"--tag={PARTIAL}")):
        if str(one.row.get("original") or "").startswith(identity):
            return one.id
    msg = f"restic tag reported success, but snapshot {identity} has no new tag. restic said: {restic.masked(said.err.strip())[-600:]}"
    raise ResticError(msg, error="failed")
