# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How well a Cluster of CloudNativePG is: a level with reasons, and what is missing for a healthy one."""

from __future__ import annotations

import time
import typing as t

from .._kube.ready import pod_problems
from .._tool.times import parse_time
from ._view import PHASE_HEALTHY, ClusterView

OK, DEGRADED, CRITICAL = "ok", "degraded", "critical"
HEALTHY, TRANSIENT, NEEDS_HUMAN, BROKEN = "healthy", "transient", "needs_human", "broken"
CERTIFICATE_DAYS = 7


class Phase(t.NamedTuple):
    """What a phase means, and for how many seconds it may last before waiting for health is given up."""

    meaning: str
    patience: float = 0.0


PHASES = {
    "": Phase(TRANSIENT),
    PHASE_HEALTHY: Phase(HEALTHY),
    "Setting up primary": Phase(TRANSIENT),
    "Creating a new replica": Phase(TRANSIENT),
    "Waiting for the instances to become active": Phase(TRANSIENT),
    "Switchover in progress": Phase(TRANSIENT),
    "Failing over": Phase(TRANSIENT),
    "Upgrading cluster": Phase(TRANSIENT),
    "Upgrading Postgres major version": Phase(TRANSIENT),
    "Cluster upgrade delayed": Phase(TRANSIENT),
    "Online upgrade in progress": Phase(TRANSIENT),
    "Applying configuration": Phase(TRANSIENT),
    "Promoting to primary cluster": Phase(TRANSIENT),
    "Primary instance is being restarted in-place": Phase(TRANSIENT),
    "Primary instance is being restarted without a switchover": Phase(TRANSIENT),
    "Waiting for user action": Phase(NEEDS_HUMAN),
    "Invalid cluster definition": Phase(BROKEN),
    # Catalogs and plugins may be installed in the same breath as the cluster, and a cluster between two pods has none.
    "Cluster has incomplete or invalid image catalog": Phase(BROKEN, 15),
    "Unable to create required cluster objects": Phase(BROKEN, 30),
    "Cluster is unrecoverable and needs manual intervention": Phase(BROKEN, 30),
    "Cluster cannot proceed to reconciliation due to an unknown plugin being required": Phase(BROKEN, 60),
    "Cluster cannot proceed to reconciliation due to an error while interacting with plugins": Phase(BROKEN, 60),
    "Cluster cannot execute instance online upgrade due to missing architecture binary": Phase(BROKEN, 30),
    "Not enough disk space": Phase(BROKEN, 30),
    "Instance Status Extraction Error: HTTP communication issue": Phase(BROKEN, 60),
}
UNKNOWN_PHASE = Phase(TRANSIENT)
# Problems of a pod that do not go away by themselves. A container that ended once and runs again is not one of them.
_STUCK = ("Unschedulable", "ImagePull", "InvalidImageName", "CreateContainer", "CrashLoopBackOff")


class Health(t.NamedTuple):
    """A level and a sentence for each thing that is not as it should be, the worst first."""

    level: str
    reasons: list[str]


def assess(view: ClusterView, pods: t.Optional[t.Sequence[dict[str, t.Any]]] = None, *, now: t.Optional[float] = None) -> Health:
    """Assess a cluster. pods are those of its instances, where they were read; now is a Unix time."""
    found = [*_assess_phase(view), *_assess_instances(view), *_assess_conditions(view)]
    found += [(DEGRADED, reason) for pod in pods or () for reason in stuck(pod)]
    found += _assess_certificates(view, time.time() if now is None else now)
    order = (CRITICAL, DEGRADED)
    found.sort(key=lambda row: order.index(row[0]))
    return Health(found[0][0] if found else OK, [reason for level, reason in found])


def _assess_phase(view: ClusterView) -> t.Iterator[tuple[str, str]]:
    phase = PHASES.get(view.phase, UNKNOWN_PHASE)
    if phase.meaning != HEALTHY:
        yield (CRITICAL if phase.meaning == BROKEN else DEGRADED), phase_sentence(view)
    if not view.reconciled:
        yield DEGRADED, "An annotation tells the operator to leave this cluster alone."


def _assess_instances(view: ClusterView) -> t.Iterator[tuple[str, str]]:
    if view.hibernation == "on":
        yield DEGRADED, "The cluster is hibernated." if view.hibernated else "The cluster is to be hibernated and is not yet."
        return
    expected = view.desired_instances - len(view.fenced_names)
    if view.fenced:
        primary = view.current_primary in view.fenced_names
        yield (CRITICAL if primary else DEGRADED), f"Fenced: {', '.join(sorted(view.fenced))}."
    if view.ready_instances == 0 and expected > 0:
        yield CRITICAL, f"None of {view.desired_instances} instances is ready."
    elif view.ready_instances < expected:
        yield DEGRADED, f"{view.ready_instances} of {expected} instances are ready."
    if view.primary_failing_since:
        yield CRITICAL, f"The primary {view.current_primary} has not answered since {view.primary_failing_since}."
    if view.target_primary and view.current_primary != view.target_primary:
        yield DEGRADED, f"{view.target_primary} is to become primary, and {view.current_primary or 'no instance'} is."


def _assess_conditions(view: ClusterView) -> t.Iterator[tuple[str, str]]:
    if view.phase == PHASE_HEALTHY and view.condition("Ready") is False and view.hibernation == "off":
        yield DEGRADED, f"The phase is healthy, yet the condition Ready is false: {_message(view, 'Ready')}."
    if view.condition("ContinuousArchiving") is False:
        yield DEGRADED, f"The log is not archived: {_message(view, 'ContinuousArchiving')}."
    if view.condition("LastBackupSucceeded") is False and view.conditions["LastBackupSucceeded"].get("reason") != "BackupStarted":
        yield DEGRADED, f"The last backup failed: {_message(view, 'LastBackupSucceeded')}."
    if view.condition("ConsistentSystemID") is False:
        yield CRITICAL, f"Instances belong to different databases: {_message(view, 'ConsistentSystemID')}."


def _message(view: ClusterView, name: str) -> str:
    row = view.conditions[name]
    return str(row.get("message") or row.get("reason") or "no reason given").rstrip(".")


def _assess_certificates(view: ClusterView, now: float) -> t.Iterator[tuple[str, str]]:
    for name, days in sorted(certificate_days(view, now).items()):
        if days < CERTIFICATE_DAYS:
            ends = "has expired" if days < 0 else f"expires in {days:.1f} days, and the operator has not renewed it"
            yield (CRITICAL if days < 0 else DEGRADED), f"The certificate in Secret {name} {ends}."


def certificate_days(view: ClusterView, now: float) -> dict[str, float]:
    """Return for each certificate's Secret how many days are left. A date of an unknown form is left out."""
    # Go prints "2027-01-02 15:04:05 +0000 UTC": the name of the zone is one word too many.
    ends = {name: parse_time(" ".join(text.split()[:3])) for name, text in view.certificates.items()}
    return {name: round((moment.timestamp() - now) / 86400, 2) for name, moment in ends.items() if moment}


def stuck(pod: dict[str, t.Any]) -> list[str]:
    """Return why a pod cannot start, as far as that does not go away by itself."""
    name = pod["metadata"]["name"]
    return [f"Pod {name}: {problem.rstrip('.')}." for problem in pod_problems(pod) if any(word in problem for word in _STUCK)]


def missing_health(view: ClusterView, major_version: t.Optional[int] = None) -> list[str]:
    """Return what is still different from a healthy cluster of this definition."""
    desired = view.desired_instances
    expected = desired - len(view.fenced_names)
    checks = (
        (view.phase == PHASE_HEALTHY, phase_sentence(view)),
        (view.instances == desired == len(view.instance_names), f"{len(view.instance_names)} of {desired} instances exist."),
        (view.ready_instances >= expected, f"{view.ready_instances} of {expected} instances are ready."),
        (view.ready, "The condition Ready is not true."),
        (bool(view.current_primary), "There is no primary yet."),
        (view.current_primary == view.target_primary, f"{view.target_primary} is to become primary."),
        (view.desired_image in (None, view.image), f"The operator still works with the image {view.image}."),
        (major_version in (None, view.major_version), f"The data are of PostgreSQL {view.major_version}, not yet {major_version}."),
    )
    return [reason for holds, reason in checks if not holds]


def phase_sentence(view: ClusterView) -> str:
    """Return what the operator reports about a cluster, as a sentence."""
    phase = ": ".join(text for text in (view.phase, view.phase_reason) if text)
    return f"{phase or 'The operator has not written a status yet'}".rstrip(".") + "."
