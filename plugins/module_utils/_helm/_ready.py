# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How the objects, hooks and tests of a release are doing, and what the cluster says about those that are not well."""

from __future__ import annotations

import time
import typing as t

from .._kube.ready import DONE, Verdict, ready
from .._kube.wait import Ref, diagnose, ref_of, wait_until
from ._drift import goes_by_itself, owned
from ._manifest import Object, objects
from .storage import SUCCEEDED, HelmError, Release, hook_row

# More than this is not read by anybody.
DIAGNOSED = 5


def _judge(wanted: Object) -> t.Callable[[t.Optional[Object]], Verdict]:
    """Return the predicate for one object of a manifest."""
    return lambda obj: DONE if obj is None and goes_by_itself(wanted) else ready(obj)


def _row(ref: Ref, verdict: t.Any) -> dict[str, t.Any]:
    return {
        "kind": ref.kind,
        "name": ref.name,
        "namespace": ref.namespace or "",
        "ready": verdict.state == "done",
        "reason": verdict.reason,
    }


def _states(client: t.Any, release: Release) -> t.Iterator[tuple[Ref, Verdict]]:
    for obj in owned(client, release):
        yield ref_of(obj), _judge(obj)(client.get(*ref_of(obj)))


def report(client: t.Any, release: Release) -> list[dict[str, t.Any]]:
    """Return how the objects of a release are now."""
    return [_row(*state) for state in _states(client, release)]


def wait(client: t.Any, release: Release, timeout: float, clock: t.Callable[[], float] = time.monotonic) -> list[dict[str, t.Any]]:
    """Wait until all objects of a release are ready, one has failed, or the time is over."""
    deadline = clock() + timeout
    rows = []
    for obj in owned(client, release):
        ref = ref_of(obj)
        outcome = wait_until(client, ref, _judge(obj), timeout=max(0.0, deadline - clock()))
        rows.append(_row(ref, outcome))
        if outcome.state == "failed":
            # It will not get better, so the others are only looked at.
            deadline = clock()
    return rows


def require_ready(rows: t.Sequence[t.Mapping[str, t.Any]], name: str, seconds: int) -> None:
    """Raise an error that lists the objects which are not ready."""
    late = [row for row in rows if not row["ready"]]
    if late:
        listed = "; ".join(f"{row['kind']} {row['name']}: {row['reason']}" for row in late)
        msg = f"{len(late)} of {len(rows)} objects of release {name} did not get ready in {seconds} seconds: {listed}."
        raise HelmError(msg, error="timeout")


def diagnosis(client: t.Any, release: Release) -> list[str]:
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


def _placed(client: t.Any, obj: Object, release: Release) -> Ref:
    ref = ref_of(obj)
    namespaced = client.resource(ref.api_version, ref.kind).namespaced
    return ref._replace(namespace=(ref.namespace or release.summary()["namespace"]) if namespaced else None)
