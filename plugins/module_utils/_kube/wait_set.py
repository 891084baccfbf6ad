# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waiting for several objects of one kind at once, by their names or by their labels."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .client import KubeClient, Object
from .errors import KubeError
from .ready import Predicate, Verdict, gone
from .wait import Ref, diagnose, observe

# So many objects are asked what is wrong with them.
DIAGNOSED = 3


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which objects: names, or all with these labels, of which at least some must exist."""

    api_version: str
    kind: str
    namespace: t.Optional[str]
    predicate: Predicate
    names: tuple[str, ...] = ()
    labels: str = ""
    at_least: int = 1

    def judge(self, found: t.Mapping[str, Object]) -> dict[str, Verdict]:
        """Return a verdict for each object. The empty name stands for objects that are missing."""
        if self.names:
            return {name: self.predicate(found.get(name)) for name in self.names}
        verdicts = {name: self.predicate(obj) for name, obj in sorted(found.items())}
        if len(found) < self.at_least and self.predicate is not gone:
            verdicts[""] = Verdict("waiting", f"{len(found)} of {self.at_least} objects with the labels {self.labels} exist")
        return verdicts


def wait_for(client: KubeClient, wanted: Wanted, *, timeout: float, once: bool = False) -> dict[str, t.Any]:
    """Wait until all are as wanted and return the result of the module; KubeError when one fails or the time is over.

    With once, look only once and report.
    """
    start = time.monotonic()
    verdicts: dict[str, Verdict] = {}
    # One name: the server sends only this object. Several: all of the kind, and the others do not matter.
    name = wanted.names[0] if len(wanted.names) == 1 else None
    place = wanted.namespace or (client.namespace if client.resource(wanted.api_version, wanted.kind).namespaced else None)
    events = observe(
        client, wanted.api_version, wanted.kind, place, name=name, labels=wanted.labels or None, timeout=0 if once else timeout
    )
    for found in events:
        verdicts = wanted.judge(found)
        states = {verdict.state for verdict in verdicts.values()}
        if once or states <= {"done"} or "failed" in states:
            break
    report = {
        "resources": [_row(wanted, place, *item) for item in verdicts.items() if item[0]],
        "seconds": round(time.monotonic() - start, 1),
    }
    waiting = {name: verdict for name, verdict in verdicts.items() if verdict.state != "done"}
    if waiting and not once:
        raise _failure(client, wanted, place, waiting, timeout, report)
    return report


def _row(wanted: Wanted, place: t.Optional[str], name: str, verdict: Verdict) -> dict[str, t.Any]:
    return {
        "api_version": wanted.api_version,
        "kind": wanted.kind,
        "name": name,
        "namespace": place,
        "ready": verdict.state == "done",
        "reason": verdict.reason,
    }


def _failure(
    client: KubeClient,
    wanted: Wanted,
    place: t.Optional[str],
    waiting: t.Mapping[str, Verdict],
    timeout: float,
    report: dict[str, t.Any],
) -> KubeError:
    failed = {name: verdict for name, verdict in waiting.items() if verdict.state == "failed"}
    refs = {name: Ref(wanted.api_version, wanted.kind, name, place) for name in failed or waiting}
    listed = "; ".join(f"{refs[name] if name else wanted.kind}: {verdict.reason}" for name, verdict in (failed or waiting).items())
    lines = [line for name in list(refs)[:DIAGNOSED] if name for line in diagnose(client, refs[name])]
    known = f" What the cluster says: {'; '.join(lines)}." if lines else ""
    if failed:
        return KubeError(f"This will not get ready: {listed}.{known}", error="not_ready", diagnosis=lines, **report)
    msg = f"This was not as wanted within {timeout:g} seconds: {listed}.{known}"
    return KubeError(msg, error="timeout", timed_out=True, diagnosis=lines, **report)
