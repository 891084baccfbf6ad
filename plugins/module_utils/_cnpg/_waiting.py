# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waiting until a change of a Cluster has arrived.

The status of a Cluster does not name the generation of the definition that it belongs to, so "healthy" alone may be from before the change:

    our write             the operator answers         nothing is missing         done
        |----- Arrival ----------|------ Patience -------------|--- stable_for -------|
    the status may be        a trouble may last as long    it must stay so; what
    from before it           as its patience, then the     falls back starts this
                             wait has failed               part again

Arrival ends when the operator wrote the status after the write, or, since many changes make it write nothing, when it was silent for a
while. That holds for changes by others as well: the server notes who wrote what when. HealthPredicate goes through all three parts.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._kube.errors import KubeError
from .._kube.ready import Predicate, Verdict, ready
from .._tool.times import parse_time
from ._health import BROKEN, NEEDS_HUMAN, PHASES, UNKNOWN_PHASE, missing_health, phase_sentence, stuck
from ._view import ANNOTATION_RESTART, LABEL_CLUSTER, LABEL_JOB_ROLE, LABEL_POD_ROLE, ClusterView, instance_labels

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Clock = t.Callable[[], float]
DELETED = Verdict("failed", "The cluster was deleted meanwhile.")
# How long an operator may be silent after a change before its silence counts as "nothing to do".
QUIET_SECONDS = 10.0
# How long a pod may wait for a node or an image: an autoscaler or a slow registry often solves it.
POD_PATIENCE = 60.0
# How often time alone is checked while a watch brings nothing: the tick for the predicates here, and for those made of them.
TICK_SECONDS = 2.0
# How often the surroundings of a cluster that is not healthy are read, since they are not watched.
SURROUNDINGS_SECONDS = 5.0


class Trouble(t.NamedTuple):
    """Something that keeps an object from getting where it should, and for how many seconds that may last."""

    reason: str
    patience: float


class Patience:
    """Remembers since when each trouble lasts."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def over(self, found: t.Sequence[Trouble], now: float) -> t.Optional[Verdict]:
        """Return failed for a trouble that has lasted longer than its patience. One that went away starts anew."""
        self._since = {row.reason: self._since.get(row.reason, now) for row in found}
        lasting = next((row for row in found if now - self._since[row.reason] >= row.patience), None)
        return Verdict("failed", lasting.reason) if lasting else None


def find_troubles(client: KubeClient, view: ClusterView) -> list[Trouble]:
    """Return failed Jobs and stuck pods of a cluster: the operator's phase often reports only that it waits."""
    mine = f"{LABEL_CLUSTER}={view.name}"
    found = []
    # A user without the right to read Jobs or pods waits all the same.
    with contextlib.suppress(KubeError):
        for job in client.list("batch/v1", "Job", view.namespace, labels=f"{mine},{LABEL_JOB_ROLE}"):
            verdict = ready(job)
            if verdict.state == "failed":
                found.append(Trouble(f"Job {job['metadata']['name']} failed: {verdict.reason.rstrip('.')}. Its log has the cause.", 0))
    with contextlib.suppress(KubeError):
        for pod in client.list("v1", "Pod", view.namespace, labels=f"{mine},{LABEL_POD_ROLE}!=pooler"):
            found += [Trouble(reason, POD_PATIENCE) for reason in stuck(pod)]
    return found


def read_instance_pods(client: KubeClient, view: ClusterView) -> list[dict[str, t.Any]]:
    """Return the pods of a cluster's instances by name."""
    pods = client.list("v1", "Pod", view.namespace, labels=instance_labels(view.name))
    return sorted(pods, key=lambda row: str(row["metadata"]["name"]))


class Arrival:
    """Whether what a controller reports can be from after the last write: it reports something else, or was silent long enough.

    written is the object before the controller can have answered to our write. None means that we wrote nothing; then the
    first object shows whether another client did a moment ago, an earlier task for example. report takes out of an object
    what only the controller writes.
    """

    def __init__(
        self,
        written: t.Optional[t.Mapping[str, t.Any]],
        *,
        report: t.Callable[[t.Mapping[str, t.Any]], t.Any],
        quiet: float = QUIET_SECONDS,
        clock: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self._report = report
        self._quiet = quiet
        self._clock = clock
        self._wall = wall
        self._arrived = False
        self._old = None if written is None else report(written)
        self._until = None if written is None else clock() + quiet

    def __call__(self, obj: t.Mapping[str, t.Any]) -> bool:
        """Check the newest object."""
        if self._until is None:
            self._old, self._until = self._report(obj), self._clock() + max(0.0, self._quiet - silence(obj, self._wall()))
        self._arrived = self._arrived or self._report(obj) != self._old or self._clock() >= self._until
        return self._arrived


def silence(obj: t.Mapping[str, t.Any], now: float) -> float:
    """Return for how many seconds a definition has been without an answer in the status, infinity when it has one.

    The server notes whole seconds, so a status of the same second as the definition may be older.
    """
    times: dict[bool, float] = {}
    for row in obj["metadata"].get("managedFields") or ():
        moment, in_status = parse_time(row.get("time")), row.get("subresource") == "status"
        times[in_status] = max(times.get(in_status, 0.0), moment.timestamp() if moment else 0.0)
    if not times.get(False) or times.get(True, 0.0) > times[False]:
        return float("inf")
    # A clock that is behind the server's must not make a write of the future wait longer than one of now.
    return max(0.0, now - times[False])


def operator_status(obj: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the part of the status that only the operator writes: instances write conditions about archiving and backups."""
    status = dict(obj.get("status") or {})
    status["conditions"] = [row for row in status.get("conditions") or () if row["type"] == "Ready"]
    return status


class HealthPredicate:
    """Checks each state of a Cluster while a change arrives. Call it with the objects of a watch, and now and then between.

    written is the object that our write returned, None when nothing was written: then the cluster must be healthy but need
    not stay so. surroundings returns the troubles around the cluster; it is called only while the cluster is not healthy,
    and not for each event.
    """

    def __init__(
        self,
        *,
        written: t.Optional[t.Mapping[str, t.Any]] = None,
        stable_for: float = 10.0,
        quiet: float = QUIET_SECONDS,
        major_version: t.Optional[int] = None,
        surroundings: t.Callable[[ClusterView], list[Trouble]] = lambda view: [],
        clock: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self._clock = clock
        self._arrived = Arrival(written, report=operator_status, quiet=quiet, clock=clock, wall=wall)
        self._stable_for = 0.0 if written is None else stable_for
        self._major_version = major_version
        self._surroundings = surroundings
        self._healthy_since: t.Optional[float] = None
        self._patience = Patience()
        self._around: list[Trouble] = []
        self._read_at = float("-inf")

    def __call__(self, obj: t.Optional[t.Mapping[str, t.Any]]) -> Verdict:
        """Return done, waiting or failed with the reason."""
        if obj is None:
            return DELETED
        if not self._arrived(obj):
            return Verdict("waiting", "The operator has not answered to the change yet.")
        view, now = ClusterView.from_object(obj), self._clock()
        if view.hibernated:
            return Verdict("done", "The cluster is hibernated.")
        missing = missing_health(view, self._major_version)
        if missing:
            self._healthy_since = None
            return self._give_up(view, now) or Verdict("waiting", " ".join(missing))
        if self._healthy_since is None:
            self._healthy_since = now
        left = self._healthy_since + self._stable_for - now
        if left > 0:
            return Verdict("waiting", f"It is healthy and must stay so for {left:.0f} more seconds.")
        return Verdict("done", "It is healthy.")

    def _give_up(self, view: ClusterView, now: float) -> t.Optional[Verdict]:
        """Return failed when something has kept the cluster from health for too long."""
        phase = PHASES.get(view.phase, UNKNOWN_PHASE)
        found = [Trouble(phase_sentence(view), phase.patience)] if phase.meaning in (BROKEN, NEEDS_HUMAN) else []
        if now - self._read_at >= SURROUNDINGS_SECONDS:
            self._read_at, self._around = now, self._surroundings(view)
        return self._patience.over([*found, *self._around], now)


def health_predicate(client: KubeClient, **options: t.Any) -> HealthPredicate:
    """Return a predicate that also reads the Jobs and pods of the cluster; options are those of HealthPredicate."""
    return HealthPredicate(surroundings=lambda view: find_troubles(client, view), **options)


def restart_predicate(client: KubeClient, health: Predicate, stamp: str) -> Predicate:
    """Return one that requires more than health: each instance carries the time of this restart. The operator leaves out fenced ones."""

    def check(obj: t.Optional[Object]) -> Verdict:
        verdict = health(obj)
        if obj is None or verdict.state != "done":
            return verdict
        view = ClusterView.from_object(obj)
        pods = {pod["metadata"]["name"]: pod["metadata"].get("annotations") or {} for pod in read_instance_pods(client, view)}
        expected = () if view.hibernated else sorted({*view.instance_names} - {*view.fenced_names})
        old = [name for name in expected if pods.get(name, {}).get(ANNOTATION_RESTART) != stamp]
        return Verdict("waiting", f"Not restarted yet: {', '.join(old)}.") if old else verdict

    return check
