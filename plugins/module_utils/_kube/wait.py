# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waiting for objects by watching them, never by asking again and again, and saying why when they do not get there."""

from __future__ import annotations

import time
import typing as t

from ._transport.watch import SYNCED, TICK
from .client import KubeClient, Object
from .errors import KubeError
from .ready import DONE, READINESS, Predicate, Verdict, condition_of, conditions, gone, pod_problems, ready

__all__ = [
    "DONE",
    "READINESS",
    "Outcome",
    "Predicate",
    "Ref",
    "Verdict",
    "condition_of",
    "conditions",
    "diagnose",
    "gone",
    "observe",
    "pod_problems",
    "ready",
    "ref_of",
    "wait_until",
]

EVENTS = 5
LOG_LINES = 5


class Ref(t.NamedTuple):
    """One object."""

    api_version: str
    kind: str
    name: str
    namespace: t.Optional[str] = None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Outcome(t.NamedTuple):
    """How waiting ended. state is done, failed, or waiting when the time was over; object is the last one that was seen."""

    state: str
    reason: str
    object: t.Optional[Object]
    seconds: float

    @property
    def done(self) -> bool:
        """Whether what was waited for is there."""
        return self.state == "done"


def ref_of(obj: Object) -> Ref:
    """Return what names an object."""
    return Ref(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))


def observe(
    client: KubeClient,
    api_version: str,
    kind: str,
    namespace: t.Optional[str],
    *,
    name: t.Optional[str] = None,
    labels: t.Optional[str] = None,
    timeout: float,
    tick: t.Optional[float] = None,
) -> t.Iterator[dict[str, Object]]:
    """Yield all objects that there are, by name, at first, after each change and tick, until timeout seconds are over."""
    found: dict[str, Object] = {}
    synced = False
    for event, obj in client.watch(api_version, kind, namespace, name=name, labels=labels, timeout=timeout, synced=True, tick=tick):
        if event == "DELETED":
            found.pop(obj["metadata"]["name"], None)
        elif event not in (SYNCED, TICK):
            found[obj["metadata"]["name"]] = obj
        synced = synced or event == SYNCED
        if synced:
            yield found


def wait_until(
    client: KubeClient,
    ref: Ref,
    predicate: Predicate,
    *,
    timeout: float,
    tick: t.Optional[float] = None,
    clock: t.Callable[[], float] = time.monotonic,
) -> Outcome:
    """Watch one object until the predicate says done or failed, or until timeout seconds are over.

    A predicate that also depends on time needs tick: it is then asked every tick seconds although nothing changes.
    """
    start = clock()
    latest, verdict = None, Verdict("waiting", "the server sent nothing")
    for found in observe(client, ref.api_version, ref.kind, ref.namespace, name=ref.name, timeout=timeout, tick=tick):
        latest = found.get(ref.name)
        verdict = predicate(latest)
        if verdict.state != "waiting":
            break
    return Outcome(verdict.state, verdict.reason, latest, round(clock() - start, 1))


def diagnose(client: KubeClient, ref: Ref) -> list[str]:
    """Return what the cluster knows about an object that does not get ready: its pods, their last log lines, warnings."""
    lines: list[str] = []
    for step in (_pods_say, _events_say):
        try:
            lines += step(client, ref)
        except KubeError as problem:
            # A user who may read the object may still not read pods or events.
            lines.append(f"({problem})")
    return lines


def _pods_say(client: KubeClient, ref: Ref) -> list[str]:
    lines = []
    for pod in _pods_of(client, ref):
        name, problems = pod["metadata"]["name"], pod_problems(pod)
        lines += [f"Pod {name}: {problem}" for problem in problems]
        for row in (pod.get("status") or {}).get("containerStatuses") or []:
            if row.get("restartCount") and not row.get("ready"):
                lines += _last_words(client, pod, row["name"])
    return lines


def _pods_of(client: KubeClient, ref: Ref) -> list[Object]:
    if not ref.namespace:
        return []
    obj = client.get(*ref)
    if obj is None or ref.kind == "Pod":
        return [obj] if obj else []
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if ref.kind == "Cluster":
        labels = {"cnpg.io/cluster": ref.name}
    if not labels:
        return []
    return client.list("v1", "Pod", ref.namespace, labels=",".join(f"{name}={value}" for name, value in sorted(labels.items())))


def _last_words(client: KubeClient, pod: Object, container: str) -> list[str]:
    place = pod["metadata"]["namespace"], pod["metadata"]["name"]
    try:
        said = client.logs(*place, container=container, lines=LOG_LINES, previous=True)
    except KubeError as problem:
        said = f"({problem})"
    return [f"Pod {place[1]}, container {container}: {line}" for line in said.splitlines()]


def _events_say(client: KubeClient, ref: Ref) -> list[str]:
    fields = f"involvedObject.kind={ref.kind},involvedObject.name={ref.name},type=Warning"
    found = client.list("v1", "Event", ref.namespace or "default", fields=fields)
    found.sort(key=lambda row: str(row.get("lastTimestamp") or row.get("eventTime") or row["metadata"].get("creationTimestamp") or ""))
    return [f"Event {row.get('reason')}: {row.get('message')}" for row in found[-EVENTS:]]
