# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What must hold before another instance, or another cluster, becomes primary, and which instance that may be."""

from __future__ import annotations

import dataclasses
import typing as t

from .._kube.ready import condition_of
from ._instances import read_status
from ._view import PHASE_HEALTHY, ClusterView, CnpgError, parse_lsn

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

# What can be left unchecked on purpose. That the target is an instance of the cluster cannot.
PRECONDITIONS = ("archiving", "backup", "fencing", "healthy", "lag")


class Blocker(t.NamedTuple):
    """A precondition that does not hold, and why."""

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Instance:
    """One instance's pod. position is how far it has replayed the log, for the primary how far it has written it."""

    name: str
    node: str
    ready: bool
    position: t.Optional[int] = None
    # Why the position is unknown.
    error: str = ""


def position_of(status: t.Mapping[str, t.Any]) -> t.Optional[int]:
    """Read from the status page of an instance how far it is."""
    return parse_lsn(status.get("currentLsn")) if status.get("isPrimary") else parse_lsn(status.get("replayLsn"))


def parse_pod(pod: Object) -> Instance:
    """Read one instance's pod; one that is being deleted is not ready."""
    metadata = pod["metadata"]
    ready = condition_of(pod, "Ready").get("status") == "True" and not metadata.get("deletionTimestamp")
    return Instance(metadata["name"], (pod.get("spec") or {}).get("nodeName", ""), ready)


def read_position(client: KubeClient, namespace: str, instance: Instance) -> Instance:
    """Read how far an instance is. One that does not answer keeps the reason."""
    status = read_status(client, namespace, instance.name)
    error = status.get("error") or "its status page names no position in the log"
    return dataclasses.replace(instance, position=position_of(status), error=error)


def nodes_matching(client: KubeClient, selector: t.Mapping[str, str]) -> set[str]:
    """Return the names of the nodes with all these labels."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    return {row["metadata"]["name"] for row in client.list("v1", "Node", labels=labels, metadata_only=True)}


def cluster_blockers(view: ClusterView, backups: t.Sequence[str]) -> list[Blocker]:
    """Return what in the state of the cluster prevents a switchover to any instance."""
    archiving = view.conditions.get("ContinuousArchiving", {})
    checks = (
        ("healthy", view.phase == PHASE_HEALTHY and view.ready, f"the cluster is in phase {view.phase!r} and Ready is {view.ready}"),
        ("healthy", view.reconciled, "an annotation tells the operator to leave this cluster alone"),
        ("healthy", view.hibernation == "off", "the cluster is hibernated"),
        ("healthy", view.target_primary == view.current_primary, f"a switchover to {view.target_primary} is under way"),
        ("fencing", not view.fenced, f"fenced: {', '.join(sorted(view.fenced))}"),
        ("backup", not backups, f"a backup is being taken: {', '.join(backups)}"),
        ("archiving", archiving.get("status") != "False", f"the log is not archived: {archiving.get('message', '')}"),
    )
    return [Blocker(name, reason) for name, holds, reason in checks if not holds]


def target_blockers(target: Instance, primary: t.Optional[Instance], max_lag_bytes: int) -> list[Blocker]:
    """Return what prevents this instance from becoming the new primary."""
    blockers = [] if target.ready else [Blocker("healthy", f"{target.name} is not ready")]
    unknown = next((row for row in (primary, target) if row and row.position is None), None)
    lag = lag_of(target, primary)
    if lag is None:
        whose = f"of {unknown.name} is unknown: {unknown.error}" if unknown else "of the primary is unknown: it has no pod"
        return [*blockers, Blocker("lag", f"the position {whose}")]
    if lag > max_lag_bytes:
        blockers.append(Blocker("lag", f"{target.name} is {lag} bytes behind, and max_lag_bytes is {max_lag_bytes}"))
    return blockers


def lag_of(target: Instance, primary: t.Optional[Instance]) -> t.Optional[int]:
    """Return how many bytes of the log an instance has still to replay; None when one of the positions is unknown."""
    if primary is None or primary.position is None or target.position is None:
        return None
    return max(0, primary.position - target.position)


def without(blockers: t.Iterable[Blocker], skipped: t.Collection[str]) -> list[Blocker]:
    """Leave out preconditions that were not to be checked."""
    return [row for row in blockers if row.name not in skipped]


def pick(
    candidates: t.Sequence[Instance], primary: t.Optional[Instance], *, max_lag_bytes: int, skipped: t.Collection[str]
) -> tuple[t.Optional[Instance], list[Blocker]]:
    """Return the candidate with the least lag that nothing is in the way of, or what is in the way of each of them."""
    checked = [(row, without(target_blockers(row, primary, max_lag_bytes), skipped)) for row in candidates]
    fit = [row for row, blockers in checked if not blockers]
    if not fit:
        return None, [blocker for _row, blockers in checked for blocker in blockers]
    return min(fit, key=lambda row: (not row.ready, lag_of(row, primary) or 0, row.name)), []


def refusal(view: ClusterView, blockers: t.Sequence[Blocker]) -> CnpgError:
    """Return the error that names each precondition that does not hold."""
    listed = "; ".join(f"{row.name} ({row.reason})" for row in blockers)
    msg = f"No switchover of Cluster {view.name} in namespace {view.namespace}: {listed}. Nothing was changed."
    return CnpgError(msg, error="precondition", preconditions=[row._asdict() for row in blockers])
