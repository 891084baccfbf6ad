# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Whether a release is well: its objects as helm left them, ready, and the tests of its chart."""

from __future__ import annotations

import time
import typing as t

from .._kube.ready import DONE, Verdict, ready
from .._kube.wait import Ref, diagnose, ref_of, wait_until
from . import _drift
from ._cluster import Cluster
from ._manifest import Object, objects
from ._task import Task
from .storage import SUCCEEDED, HelmError, Release, hook_row

# About so many objects a failure has a diagnosis; more would not be read.
DIAGNOSED = 5


def correct_drift(task: Task, cluster: Cluster, found: t.Optional[Release]) -> None:
    """Find what was changed outside of helm, before anything else is done: an upgrade would meet it as a conflict."""
    release = cluster.running(found, cluster.store.revisions()) if found else None
    if release is None or release.summary()["status"] != "deployed":
        return
    drift = _drift.find(cluster.client, release, task.params["ignore_differences"])
    task.know(release)
    task.drift = [{**row.row(), "reason": task.hide(row.reason)} for row in drift]
    correctable = [row for row in drift if row.change]
    task.note([row.change for row in correctable if row.change], before="in the cluster", after="as helm has it")
    if correctable and task.params["drift"] == "correct":
        task.act("correct")
        if not task.check_mode:
            cluster.apply((row.obj for row in correctable), field_manager=_drift.MANAGER)


def require_ready(task: Task, cluster: Cluster, release: Release) -> None:
    """Wait for every object; also an unchanged release may have some that are not ready."""
    task.know(release)
    rows = wait_for_objects(cluster.client, release, task.params["timeout"])
    task.resources = [{**row, "reason": task.hide(row["reason"])} for row in rows]
    refuse_late(task.resources, task.name, task.params["timeout"])


def require_tests(task: Task, cluster: Cluster, release: Release) -> Release:
    """Task the tests of the chart unless all of them have succeeded on this very revision."""
    failure: t.Optional[HelmError] = None
    if not all(row["phase"] == SUCCEEDED for row in release.tests):
        task.act("test")
        cluster.require_options()
        try:
            cluster.helm.test()
        except HelmError as error:
            failure = error
        release = cluster.store.newest() or release
    task.tests = release.tests
    bad = [f"{row['name']} ({row['phase']})" for row in release.tests if row["phase"] != SUCCEEDED]
    if bad:
        msg = f"Tests of release {task.name} did not succeed: {', '.join(bad)}. {failure or ''}".rstrip()
        raise HelmError(msg, error="test_failed")
    return release


def wait_for_objects(
    client: t.Any, release: Release, timeout: float, clock: t.Callable[[], float] = time.monotonic
) -> list[dict[str, t.Any]]:
    """Wait until all objects of a release are ready, one has failed, or the time is over."""
    deadline = clock() + timeout
    rows = []
    for obj in _drift.owned(client, release):
        ref = ref_of(obj)
        outcome = wait_until(client, ref, _rule_for(obj), timeout=max(0.0, deadline - clock()))
        rows.append(_row(ref, outcome))
        if outcome.state == "failed":
            # It will not get better, so the others are only checked once.
            deadline = clock()
    return rows


def refuse_late(rows: t.Sequence[t.Mapping[str, t.Any]], name: str, seconds: int) -> None:
    """Raise an error that lists the objects which are not ready."""
    late = [row for row in rows if not row["ready"]]
    if late:
        listed = "; ".join(f"{row['kind']} {row['name']}: {row['reason']}" for row in late)
        msg = f"{len(late)} of {len(rows)} objects of release {name} did not get ready in {seconds} seconds: {listed}."
        raise HelmError(msg, error="timeout")


def states(client: t.Any, release: Release) -> list[dict[str, t.Any]]:
    """Return how the objects of a release are now."""
    return [_row(*state) for state in _states(client, release)]


def diagnose_release(client: t.Any, release: Release) -> list[str]:
    """Return what is known about hooks that did not succeed and about objects that are not ready."""
    lines: list[str] = []
    refs: list[Ref] = []
    for hook in release.hooks:
        row = hook_row(hook)
        if row["phase"] != SUCCEEDED and row["started_at"]:
            lines.append(f"Hook {row['kind']} {row['name']}: its last run is {row['phase']}.")
            refs += [_placed(client, obj, release) for obj in objects(hook.get("manifest") or "")]
    for ref, verdict in _states(client, release):
        if verdict.state != "done":
            lines.append(f"{ref.kind} {ref.name}: {verdict.reason}.")
            refs.append(ref)
    for ref in refs[:DIAGNOSED]:
        lines += [f"{ref}: {line}" for line in diagnose(client, ref)]
    return lines


def _states(client: t.Any, release: Release) -> t.Iterator[tuple[Ref, Verdict]]:
    for obj in _drift.owned(client, release):
        yield ref_of(obj), _rule_for(obj)(client.get(*ref_of(obj)))


def _rule_for(manifest: Object) -> t.Callable[[t.Optional[Object]], Verdict]:
    """Return the predicate for one object of a manifest."""
    return lambda obj: DONE if obj is None and _drift.goes_by_itself(manifest) else ready(obj)


def _row(ref: Ref, verdict: t.Any) -> dict[str, t.Any]:
    return {"kind": ref.kind, "name": ref.name, "namespace": ref.namespace or "", "ready": verdict.done, "reason": verdict.reason}


def _placed(client: t.Any, obj: Object, release: Release) -> Ref:
    ref = ref_of(obj)
    namespaced = client.resource(ref.api_version, ref.kind).namespaced
    return ref._replace(namespace=(ref.namespace or release.summary()["namespace"]) if namespaced else None)
