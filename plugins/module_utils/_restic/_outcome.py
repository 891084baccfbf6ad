# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a backup left: the summary of restic, and what is missing in the snapshot.

A snapshot that lacks what it must not lack is refused, and marked, so that no later task takes it for a good one.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Result
from ._errors import ResticError, message_of
from ._snapshots import PARTIAL, parse_snapshots
from .client import Restic

# restic leaves these out of the snapshot and still ends with status 0, up to 0.18.
MISSING = re.compile(r'^(?:(?P<path>.+) does not exist|pattern "(?P<pattern>.+)" does not match any files), skipping$', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a backup ended. errors are the things that could not be read, missing the sources that are not there."""

    changed: bool
    snapshot_id: t.Optional[str] = None
    summary: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    errors: t.Sequence[t.Mapping[str, str]] = ()
    missing: t.Sequence[str] = ()
    # When the snapshot that is young enough for no new one was made.
    recent: t.Optional[datetime.datetime] = None

    def result(self) -> dict[str, t.Any]:
        """Return the part of the module's result that is known."""
        known: dict[str, t.Any] = {
            "changed": self.changed,
            "partial": bool(self.errors),
            "errors": list(self.errors),
            "missing": list(self.missing),
            "snapshot_id": self.snapshot_id,
            "summary": dict(self.summary),
            "data_added": self.summary.get("data_added"),
            "snapshot_time": self.recent and self.recent.isoformat(timespec="seconds"),
        }
        return {name: value for name, value in known.items() if value not in (None, {})}


def read_outcome(result: Result, *, dry_run: bool = False, skipping: bool = False) -> Outcome:
    """Read what "restic backup --json" printed. skipping: no snapshot means that nothing has changed."""
    messages = Restic.json_lines(result)
    summary = next((dict(row) for row in reversed(messages) if row["message_type"] == "summary"), None)
    if summary is None:
        msg = f"restic backup ended with exit status {result.rc} and printed no summary. restic reported: {result.err.strip()[-600:]}"
        raise ResticError(msg, error="failed", rc=result.rc, stderr=result.err[-2000:])
    del summary["message_type"]
    identity = summary.pop("snapshot_id", None)
    if identity is None and not skipping:
        msg = f"restic backup ended with exit status {result.rc}, but made no snapshot."
        raise ResticError(msg, error="failed", rc=result.rc, stderr=result.err[-2000:])
    missing = [found["path"] or found["pattern"] for found in MISSING.finditer(result.err)]
    errors = [_problem(row) for row in messages if row["message_type"] == "error"]
    if result.rc == 3 and not errors and not missing:
        errors = [{"item": "", "message": result.err.strip()[-600:] or "restic could not read everything."}]
    # What a dry run prints as the new snapshot does not exist.
    return Outcome(identity is not None, None if dry_run else identity, summary, errors, missing)


def _problem(row: t.Mapping[str, t.Any]) -> dict[str, str]:
    # Before 0.17.1 the text of the error is lost.
    text = message_of(row.get("error")) or f"could not be read ({row.get('during') or 'backup'})"
    return {"item": str(row.get("item") or ""), "message": str(text)}


def accept(restic: Restic, outcome: Outcome, params: t.Mapping[str, t.Any]) -> list[str]:
    """Return warnings about an outcome. ToolError for a snapshot that lacks what it must not lack, which is marked as partial."""
    try:
        return check_completeness(outcome, params)
    except ToolError as refusal:
        if not outcome.snapshot_id:
            raise
        try:
            identity = mark(restic, outcome.snapshot_id)
        except ToolError as error:
            msg = f"{refusal} It could not be marked as partial, so max_age would count it: {error}"
            raise ToolError(msg, **refusal.details) from error
        raise ToolError(str(refusal), **refusal.details, snapshot_id=identity) from refusal


def check_completeness(outcome: Outcome, params: t.Mapping[str, t.Any]) -> list[str]:
    """Return warnings about what a snapshot lacks; ToolError when it must not lack that."""
    items = ", ".join(sorted({error["item"] or error["message"] for error in outcome.errors}))
    lacks = {
        "partial": (params["on_partial"], items and f"restic could not read {items}."),
        "missing_path": (params["missing_path"], outcome.missing and f"These sources do not exist: {', '.join(outcome.missing)}."),
    }
    state = f"The snapshot {outcome.snapshot_id} exists without it" if outcome.snapshot_id else "No snapshot would have it"
    for kind, (policy, sentence) in lacks.items():
        if sentence and policy == "fail":
            raise ToolError(f"{sentence} {state}. Correct that, and run the task again.", error=kind)
    return [f"{sentence} The snapshot is without it." for _policy, sentence in lacks.values() if sentence]


def mark(restic: Restic, identity: str) -> str:
    """Give a snapshot the tag for partial ones, and return the id that it has then."""
    # Before 0.16 restic cannot wait for the backups of other hosts to end, but does without the lock, which a new tag does not need.
    patience = "--retry-lock=1m" if restic.has("lock_wait") else "--no-lock"
    result = restic.call("tag", f"--add={PARTIAL}", patience, identity)
    for one in parse_snapshots(restic.call_json("snapshots", "--no-lock", f"--tag={PARTIAL}")):
        if str(one.row.get("original") or "").startswith(identity):
            return one.id
    reported = restic.mask(result.err.strip())[-600:]
    msg = f"restic tag reported success, but snapshot {identity} has no new tag. restic reported: {reported}"
    raise ResticError(msg, error="failed")
