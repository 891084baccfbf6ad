# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is asked of a Cluster by an annotation: fencing of instances, and hibernation. And whether that has happened."""

from __future__ import annotations

import json
import typing as t

from .._kube.ready import DONE, Verdict, condition_of
from .view import ALL_INSTANCES, ANNOTATION_FENCED, ANNOTATION_HIBERNATION, CONDITION_HIBERNATION, PHASE_HEALTHY, ClusterView, CnpgError

Object = t.Mapping[str, t.Any]


def wanted_fence(view: ClusterView, state: str, names: t.Optional[t.Sequence[str]]) -> frozenset[str]:
    """Return what the annotation must name so that these instances, or all for None, are fenced or not fenced.

    Other instances stay as they are.
    """
    fenced, everything = view.fenced, frozenset([ALL_INSTANCES])
    where = f"Cluster {view.name} in namespace {view.namespace}"
    if names is None or ALL_INSTANCES in names:
        return everything if state == "fenced" else frozenset()
    unknown = [name for name in names if name not in view.instance_names and name not in fenced]
    if unknown:
        msg = f"{where} has no instance {', '.join(unknown)}; it has: {', '.join(view.instance_names) or 'none'}."
        raise CnpgError(msg, error="unknown_instance", unknown=unknown)
    if state == "fenced":
        return fenced if ALL_INSTANCES in fenced else fenced | set(names)
    if ALL_INSTANCES not in fenced:
        return fenced - set(names)
    if set(names) >= set(view.instance_names):
        return frozenset()
    msg = (
        f"{where} is fenced as a whole, and CloudNativePG cannot lift the fence of single instances then. "
        "Lift it for all (leave instances out), then fence those that must stay fenced."
    )
    raise CnpgError(msg, error="all_fenced")


def refuse_handover(view: ClusterView) -> None:
    """Refuse to touch the fence that the operator itself puts around a primary cluster while that becomes a replica."""
    if (view.status.get("switchReplicaClusterStatus") or {}).get("inProgress"):
        msg = (
            f"Cluster {view.name} in namespace {view.namespace} is becoming a replica cluster, and the operator has fenced it for that. "
            "Wait until that is over."
        )
        raise CnpgError(msg, error="handover")


def fence_patch(names: t.Collection[str]) -> dict[str, t.Any]:
    """Return the change that fences exactly these instances: sorted, as CloudNativePG writes it; none removes the annotation."""
    text = json.dumps(sorted(names), separators=(",", ":")) if names else None
    return {"metadata": {"annotations": {ANNOTATION_FENCED: text}}}


def fence_arrived(pod: t.Optional[Object]) -> Verdict:
    """Judge an instance's pod: a fenced instance keeps its pod, which is no longer ready and so gets no connections."""
    if pod is not None and condition_of(dict(pod), "Ready").get("status") == "True":
        return Verdict("waiting", "its pod is still ready")
    return DONE


def fence_lifted(pod: t.Optional[Object]) -> Verdict:
    """Judge an instance's pod: PostgreSQL runs again when the pod is ready."""
    if pod is None:
        return Verdict("waiting", "it has no pod")
    ready = condition_of(dict(pod), "Ready")
    return DONE if ready.get("status") == "True" else Verdict("waiting", ready.get("message") or "its pod is not ready")


def hibernation_of(obj: Object) -> str:
    """Return what the annotation asks for, in the words of the module; one with another value asks for nothing."""
    value = (obj["metadata"].get("annotations") or {}).get(ANNOTATION_HIBERNATION)
    return {"on": "hibernated", "off": "running", None: "running"}.get(value, f"invalid ({value})")


def hibernation_patch(state: str) -> dict[str, t.Any]:
    """Return the change that asks for hibernation, or for its end."""
    return {"metadata": {"annotations": {ANNOTATION_HIBERNATION: "on" if state == "hibernated" else "off"}}}


def hibernated(obj: t.Optional[Object]) -> Verdict:
    """Judge whether the instances are gone and the volumes wait."""
    if obj is None:
        return Verdict("failed", "The cluster was deleted meanwhile.")
    view = ClusterView.from_object(obj)
    if view.hibernated:
        return DONE
    if view.hibernation != "on":
        return Verdict("failed", "Somebody ended the hibernation meanwhile.")
    said = view.conditions.get(CONDITION_HIBERNATION, {})
    return Verdict("waiting", str(said.get("message") or "the operator has not answered yet"))


def explain_deferral(obj: t.Optional[Object], problem: CnpgError) -> CnpgError:
    """Return a better error when a hibernation did not come because the operator waits for health; older versions say nothing of it."""
    view = ClusterView.from_object(obj) if obj else None
    said = view.conditions.get(CONDITION_HIBERNATION, {}).get("reason") if view else "deleted"
    if view is None or not (said == "WaitingForHealthy" or (said is None and view.phase != PHASE_HEALTHY)):
        return problem
    because = view.phase_reason or "the operator gives no reason"
    msg = (
        f"The operator puts the hibernation of Cluster {view.name} in namespace {view.namespace} off until the cluster is healthy, and its "
        f"phase is {view.phase!r} ({because}). Repair the cluster, or take the request back with state=running."
    )
    return CnpgError(msg, **{**problem.details, "error": "waiting_for_healthy", "cluster": view.summary()})


def woken(obj: t.Optional[Object], healthy: t.Callable[[Object], Verdict]) -> Verdict:
    """Judge whether a cluster runs again: the operator removes the condition when it has seen the change, so no older "healthy" counts."""
    if obj is None:
        return Verdict("failed", "The cluster was deleted meanwhile.")
    if CONDITION_HIBERNATION in ClusterView.from_object(obj).conditions:
        return Verdict("waiting", "the operator has not seen yet that the hibernation is over")
    return healthy(obj)
