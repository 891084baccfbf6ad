# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waiting for objects by watching them, never by polling, and the reasons when they do not get there.

wait_until() is for one object and is what other packages use; run() is module kube_wait, for several objects of one kind.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._tool.errors import ToolError
from ._transport.watch import SYNCED, TICK
from .client import KubeClient
from .errors import KubeError
from .objects import Object, selector_of
from .ready import Predicate, Verdict, gone, has_condition, has_field, is_path, pod_problems, ready

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "api_version": {"type": "str", "default": "v1"},
    "kind": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
    "label_selector": {"type": "str"},
    "at_least": {"type": "int", "default": 1},
    "namespace": {"type": "str"},
    "condition": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True},
            "status": {"type": "str", "choices": ["True", "False", "Unknown"], "default": "True"},
        },
    },
    "field": {"type": "dict", "options": {"path": {"type": "str", "required": True}, "value": {"type": "str"}}},
    "gone": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}
RULES: dict[str, t.Any] = {
    "required_one_of": [("names", "label_selector")],
    "mutually_exclusive": [("names", "label_selector"), ("condition", "field", "gone")],
}

# Of what the cluster knows about an object, so much is reported, and about so many objects.
EVENTS = 5
LOG_LINES = 5
DIAGNOSED = 3


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
    """Watch one object until the predicate returns done or failed, or until timeout seconds are over.

    A predicate that also depends on time needs tick: it is then called every tick seconds although nothing changes.
    """
    start = clock()
    latest, verdict = None, Verdict("waiting", "the server sent nothing")
    for found in observe(client, ref.api_version, ref.kind, ref.namespace, name=ref.name, timeout=timeout, tick=tick):
        latest = found.get(ref.name)
        verdict = predicate(latest)
        if verdict.state != "waiting":
            break
    return Outcome(verdict.state, verdict.reason, latest, round(clock() - start, 1))


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which objects, and what is waited for: names, or all with these labels, of which at least some must exist."""

    api_version: str
    kind: str
    namespace: t.Optional[str]
    predicate: Predicate
    names: tuple[str, ...] = ()
    labels: str = ""
    at_least: int = 1

    def check(self, found: t.Mapping[str, Object]) -> dict[str, Verdict]:
        """Return a verdict for each object. The empty name stands for objects that are missing."""
        if self.names:
            return {name: self.predicate(found.get(name)) for name in self.names}
        verdicts = {name: self.predicate(obj) for name, obj in sorted(found.items())}
        if len(found) < self.at_least and self.predicate is not gone:
            verdicts[""] = Verdict("waiting", f"{len(found)} of {self.at_least} objects with the labels {self.labels} exist")
        return verdicts


def run(client: KubeClient, params: t.Mapping[str, t.Any], *, once: bool) -> dict[str, t.Any]:
    """Wait for what the options say and return the result of the module."""
    selection = Selection(
        params["api_version"],
        params["kind"],
        params["namespace"],
        _predicate_of(params),
        names=tuple(params["names"] or ()),
        labels=params["label_selector"] or "",
        at_least=params["at_least"],
    )
    return {"changed": False, **wait_for(client, selection, timeout=params["timeout"], once=once)}


def _predicate_of(params: t.Mapping[str, t.Any]) -> Predicate:
    """Return what is waited for."""
    if params["condition"]:
        return has_condition(params["condition"]["type"], params["condition"]["status"])
    if params["field"]:
        if not is_path(params["field"]["path"]):
            msg = f"The path {params['field']['path']} cannot be read. Write it as status.phase or status.list[0].name."
            raise ToolError(msg, error="bad_path")
        return has_field(params["field"]["path"], params["field"]["value"])
    return gone if params["gone"] else ready


def wait_for(client: KubeClient, selection: Selection, *, timeout: float, once: bool = False) -> dict[str, t.Any]:
    """Wait until all objects are in the desired state and report them; KubeError when one fails or the time is over.

    With once, look only once and report.
    """
    start = time.monotonic()
    verdicts: dict[str, Verdict] = {}
    # One name: the server sends only this object. Several: all of the kind, and the others do not matter.
    name = selection.names[0] if len(selection.names) == 1 else None
    kind = selection.api_version, selection.kind
    place = selection.namespace or (client.namespace if client.resource(*kind).namespaced else None)
    for found in observe(client, *kind, place, name=name, labels=selection.labels or None, timeout=0 if once else timeout):
        verdicts = selection.check(found)
        states = {verdict.state for verdict in verdicts.values()}
        if once or states <= {"done"} or "failed" in states:
            break
    refs = {name: Ref(*kind, name, place) for name in verdicts}
    report = {
        "resources": [
            {**refs[name]._asdict(), "ready": verdict.done, "reason": verdict.reason} for name, verdict in verdicts.items() if name
        ],
        "seconds": round(time.monotonic() - start, 1),
    }
    waiting = {refs[name]: verdict for name, verdict in verdicts.items() if not verdict.done}
    if waiting and not once:
        raise _failure(client, waiting, timeout, report)
    return report


def _failure(client: KubeClient, waiting: t.Mapping[Ref, Verdict], timeout: float, report: dict[str, t.Any]) -> KubeError:
    failed = {ref: verdict for ref, verdict in waiting.items() if verdict.state == "failed"}
    listed = "; ".join(f"{ref if ref.name else ref.kind}: {verdict.reason}" for ref, verdict in (failed or waiting).items())
    lines = [line for ref in list(failed or waiting)[:DIAGNOSED] if ref.name for line in diagnose(client, ref)]
    if failed:
        return KubeError(f"This will not get ready: {listed}.{as_sentence(lines)}", error="not_ready", diagnosis=lines, **report)
    msg = f"The desired state was not reached within {timeout:g} seconds: {listed}.{as_sentence(lines)}"
    return KubeError(msg, error="timeout", timed_out=True, diagnosis=lines, **report)


def as_sentence(lines: t.Sequence[str]) -> str:
    """Return the lines of a diagnosis as a sentence that goes after another one."""
    return f" What the cluster says: {'; '.join(lines)}." if lines else ""


def diagnose(client: KubeClient, ref: Ref) -> list[str]:
    """Return what the cluster knows about an object that does not get ready: its pods, their last log lines, warnings."""
    lines: list[str] = []
    for step in (_pod_lines, _event_lines):
        try:
            lines += step(client, ref)
        except KubeError as error:
            # A user who may read the object may still not read pods or events.
            lines.append(f"({error})")
    return lines


def _pod_lines(client: KubeClient, ref: Ref) -> list[str]:
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
    labels = f"cnpg.io/cluster={ref.name}" if ref.kind == "Cluster" else selector_of(obj)
    return client.list("v1", "Pod", ref.namespace, labels=labels) if labels else []


def _last_words(client: KubeClient, pod: Object, container: str) -> list[str]:
    place = pod["metadata"]["namespace"], pod["metadata"]["name"]
    try:
        text = client.logs(*place, container=container, lines=LOG_LINES, previous=True)
    except KubeError as error:
        text = f"({error})"
    return [f"Pod {place[1]}, container {container}: {line}" for line in text.splitlines()]


def _event_lines(client: KubeClient, ref: Ref) -> list[str]:
    fields = f"involvedObject.kind={ref.kind},involvedObject.name={ref.name},type=Warning"
    found = client.list("v1", "Event", ref.namespace or "default", fields=fields)
    found.sort(key=lambda row: str(row.get("lastTimestamp") or row.get("eventTime") or row["metadata"].get("creationTimestamp") or ""))
    return [f"Event {row.get('reason')}: {row.get('message')}" for row in found[-EVENTS:]]
