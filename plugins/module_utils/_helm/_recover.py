# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""When something went wrong: a release that a killed helm has left, and what this run itself has not finished."""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._tool.errors import ToolError
from ._cluster import Cluster
from ._task import Task
from .storage import GOOD, HelmError, Release, Revision

# A helm may write for the last time when its own time is over; this much later it is gone.
STALE_MARGIN_SECONDS = 300
# Failures of a release that is not well although helm has deployed it.
_UNWELL = ("test_failed", "timeout")


def recover(task: Task, cluster: Cluster, found: t.Optional[Release]) -> t.Optional[Release]:
    """Mark what a killed helm has left as failed, so that helm goes on from the revision before it."""
    if found is None or found.revision is None or not may_take_over(task, found.revision):
        return found
    task.act("recover")
    if task.check_mode:
        return found
    cluster.store.mark_failed(found.revision, f"Marked as failed by campus.moodle.helm_release: it was left in status {cluster.was}")
    task.wrote = True
    return cluster.store.newest()


def may_take_over(task: Task, revision: Revision) -> bool:
    """Return whether a release is pending; an error when it is and the task does not allow to go on."""
    if not revision.pending:
        return False
    age = max(0, int(time.time()) - revision.written)
    limit = task.params["stale_after"]
    limit = task.params["timeout"] + STALE_MARGIN_SECONDS if limit is None else limit
    mode = task.params["pending_recovery"]
    if mode == "force" or (mode == "stale" and age > limit):
        return True
    msg = (
        f"Release {task.name} in namespace {task.namespace} has been in status {revision.status} for {age} seconds (revision "
        f"{revision.number}): another helm works on it, or was killed while it did. Wait for it, or set pending_recovery to stale "
        f"(goes on after {limit} seconds) or to force."
    )
    raise HelmError(msg, error="pending", status=revision.status, revision=revision.number, age_seconds=age)


def explain(task: Task, cluster: Cluster, error: ToolError) -> None:
    """Add to a failure what was changed and what is wrong with the objects, and undo what this run has deployed if requested."""
    details = error.details
    details.update(task.report(), changed=task.wrote)
    if not cluster.written and details.get("error") not in _UNWELL:
        return
    try:
        revisions = cluster.store.revisions()
    except ToolError as second:
        # Once helm was started, it can no longer be known that it did nothing.
        details.update(changed=task.wrote or bool(cluster.written), diagnosis=[str(second)])
        return
    details["changed"] = task.wrote or cluster.has_changed(revisions)
    details["diagnosis"] = _diagnosis(task, cluster, revisions)
    _undo(task, cluster, details, revisions)
    with contextlib.suppress(ToolError):
        newest = cluster.store.newest()
        details["release"] = newest.summary() if newest else None


def _diagnosis(task: Task, cluster: Cluster, revisions: t.Sequence[Revision]) -> list[str]:
    from ._wellbeing import diagnose_release

    try:
        lines = diagnose_release(cluster.client, cluster.store.read(revisions[0])) if revisions else []
    except ToolError as error:
        lines = [str(error)]
    return [task.hide(line) for line in lines]


def _undo(task: Task, cluster: Cluster, details: dict[str, t.Any], revisions: t.Sequence[Revision]) -> None:
    """Leave a revision that this run has made. Where helm failed before it made one, the release is as well as it was."""
    mode, ours = task.params["on_failure"], cluster.own_revision(revisions)
    if mode == "fail" or ours is None or (ours.status == "deployed" and details.get("error") not in _UNWELL):
        return
    earlier = [revision for revision in revisions[1:] if revision.status in GOOD]
    try:
        if earlier:
            task.refuse_loss(cluster.store.read(ours), cluster.store.read(earlier[0]))
            cluster.helm.rollback(earlier[0].number, **task.options(), history_max=task.params["history_max"])
            task.act("rollback")
        elif mode == "uninstall":
            task.refuse_loss(cluster.store.read(ours), None)
            cluster.helm.uninstall(wait=task.wait_gone)
            task.act("uninstall")
    except ToolError as error:
        details["undo_failed"] = str(error)
