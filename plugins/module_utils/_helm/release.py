# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a release into the wanted state: reads what is, finds what would change, changes it, and sees how that went.

Check mode takes the same way and leaves out what writes.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._tool.errors import ToolError
from . import _loss as data
from . import _manifest as manifests
from ._checks import checked, drifted
from ._context import Context
from ._deploy import settled
from .storage import HelmError, Release, Revision

# Revisions that worked once. A failed upgrade leaves the one before it deployed.
GOOD = ("deployed", "superseded")
# A helm may write for the last time when its own time is over; this much later it is gone.
STALE_MARGIN_SECONDS = 300
# What says that a release is not well although helm has deployed it.
_UNWELL = ("test_failed", "timeout")


def run(context: Context) -> dict[str, t.Any]:
    """Bring the release into its state and return the result of the module."""
    states = {"present": _present, "absent": _absent, "rolled_back": _rolled_back}
    try:
        release = states[context.params["state"]](context)
    except ToolError as error:
        _explain(context, error)
        raise
    report = context.report
    summary = release.summary() if release else None
    return {**report.parts(), "changed": report.changed, "release": summary, "diff": report.diff(context.hiding)}


def _present(context: Context) -> t.Optional[Release]:
    found = _recovered(context, context.found())
    if found and context.was == "uninstalled":
        # Only the record is left, and helm installs again.
        found = None
    drifted(context, found)
    return checked(context, settled(context, found))


def _absent(context: Context) -> t.Optional[Release]:
    found, keep = context.found(), context.params["keep_history"]
    if found is None or found.revision is None or (keep and context.was == "uninstalled"):
        return found
    _may_go_on(context, found.revision)
    context.hiding(found)
    context.report.note(context.release_change(found, found if keep else None, "uninstalled"))
    # Of a release that was uninstalled before, only the record is left.
    there = None if context.was == "uninstalled" else found
    context.report.note(data.removed(there, None, context.namespace))
    context.refuse_loss(there, None)
    return context.write("uninstall", found, keep_history=keep, description=context.params["description"], wait=context.wait_gone)


def _rolled_back(context: Context) -> t.Optional[Release]:
    found = _recovered(context, context.found())
    revisions = context.store.revisions()
    wanted = _target(context, revisions)
    target = context.store.read(wanted)
    before = context.running(found, revisions)
    context.hiding(found, before, target)
    changes = context.release_change(before, target, "deployed") + manifests.differences(before, target, context.namespace)
    if changes:
        context.report.note(changes)
        # Helm starts from the newest revision, also where that failed.
        context.refuse_loss(found, target)
        found = context.write("rollback", found, wanted.number, **context.options(), history_max=context.params["history_max"])
        found = context.came_back(found, wanted.input_digest)
    return checked(context, found)


def _target(context: Context, revisions: t.Sequence[Revision]) -> Revision:
    wanted = context.params["revision"]
    for revision in revisions:
        if str(revision.number) == wanted or (wanted == "last_deployed" and revision.status in GOOD):
            return revision
    has = ", ".join(f"{revision.number} ({revision.status})" for revision in revisions) or "none"
    msg = f"Release {context.name} in namespace {context.namespace} has no revision {wanted} to go back to; it has: {has}."
    raise HelmError(msg, error="not_found")


def _recovered(context: Context, found: t.Optional[Release]) -> t.Optional[Release]:
    """Mark what a killed helm has left as failed, so that helm goes on from the revision before it."""
    if found is None or found.revision is None or not _may_go_on(context, found.revision):
        return found
    context.report.act("recover")
    if context.check_mode:
        return found
    context.store.mark_failed(found.revision, f"Marked as failed by campus.moodle.helm_release: it was left in status {context.was}")
    context.report.wrote = True
    return context.store.newest()


def _may_go_on(context: Context, revision: Revision) -> bool:
    """Return whether a release is pending; an error when it is and the task does not allow to go on."""
    if not revision.pending:
        return False
    age = max(0, int(time.time()) - revision.written)
    limit = context.params["stale_after"]
    limit = context.params["timeout"] + STALE_MARGIN_SECONDS if limit is None else limit
    mode = context.params["pending_recovery"]
    if mode == "force" or (mode == "stale" and age > limit):
        return True
    msg = (
        f"Release {context.name} in namespace {context.namespace} is in status {revision.status} since {age} seconds (revision "
        f"{revision.number}): another helm works on it, or was killed while it did. Wait for it, or set pending_recovery to stale "
        f"(goes on after {limit} seconds) or to force."
    )
    raise HelmError(msg, error="pending", status=revision.status, revision=revision.number, age_seconds=age)


def _explain(context: Context, error: ToolError) -> None:
    """Say what was changed and what is wrong with the objects, and undo what this run has deployed if the task wants that."""
    details, wrote = error.details, context.report.wrote
    details.update(context.report.parts(), changed=wrote)
    if not context.written and details.get("error") not in _UNWELL:
        return
    try:
        revisions = context.store.revisions()
    except ToolError as second:
        # Once helm was started, nobody can tell any more that it did nothing.
        details.update(changed=wrote or bool(context.written), diagnosis=[str(second)])
        return
    details["changed"] = wrote or context.wrote(revisions)
    details["diagnosis"] = _diagnosis(context, revisions)
    _undo(context, details, revisions)
    with contextlib.suppress(ToolError):
        newest = context.store.newest()
        details["release"] = newest.summary() if newest else None


def _diagnosis(context: Context, revisions: t.Sequence[Revision]) -> list[str]:
    from . import _ready as _helm_ready

    try:
        lines = _helm_ready.diagnosis(context.client, context.store.read(revisions[0])) if revisions else []
    except ToolError as second:
        lines = [str(second)]
    return [context.hiding().text(line) for line in lines]


def _undo(context: Context, details: dict[str, t.Any], revisions: t.Sequence[Revision]) -> None:
    """Leave a revision that this run has made. Where helm failed before it made one, the release is as well as it was."""
    mode, ours = context.params["on_failure"], context.made(revisions)
    if mode == "fail" or ours is None or (ours.status == "deployed" and details.get("error") not in _UNWELL):
        return
    earlier = [revision for revision in revisions[1:] if revision.status in GOOD]
    try:
        if earlier:
            context.refuse_loss(context.store.read(ours), context.store.read(earlier[0]))
            context.helm.rollback(earlier[0].number, **context.options(), history_max=context.params["history_max"])
            context.report.act("rollback")
        elif mode == "uninstall":
            context.refuse_loss(context.store.read(ours), None)
            context.helm.uninstall(wait=context.wait_gone)
            context.report.act("uninstall")
    except ToolError as second:
        details["undo_failed"] = str(second)
