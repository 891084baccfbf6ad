# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Fencing instances of a Cluster: what the annotation must name, and when PostgreSQL has stopped, or runs again."""

from __future__ import annotations

import json
import time
import typing as t

from .._kube.ready import DONE, Verdict, condition_of
from .._kube.wait import Ref
from ._objects import ACTION_ARGUMENTS, Params, Warn, await_object, change_cluster, require_cluster
from ._view import ALL_INSTANCES, ANNOTATION_FENCED, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ARGUMENTS: dict[str, t.Any] = {
    **ACTION_ARGUMENTS,
    "state": {"type": "str", "choices": ["fenced", "unfenced"], "default": "fenced"},
    "instances": {"type": "list", "elements": "str"},
}


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Fence instances or lift their fence, wait for them, and return the result of the module."""
    cluster, namespace = params["cluster"], params["namespace"]

    def build(live: Object) -> t.Optional[Object]:
        view = ClusterView.from_object(live)
        fence = plan_fence(view, params["state"], params["instances"])
        if fence == view.fenced:
            return None
        refuse_handover(view)
        return fence_patch(fence)

    before, after = (ClusterView.from_object(row) for row in change_cluster(client, cluster, namespace, build, dry_run=check_mode))
    changed = before.fenced != after.fenced
    if params["wait"] and not check_mode and after.hibernation == "off":
        wait_for_instances(client, after, params, changed=changed)
        after = ClusterView.from_object(require_cluster(client, cluster, namespace))
    if after.current_primary in set(after.fenced_names) - set(before.fenced_names):
        warn(f"The primary {after.current_primary} of Cluster {after.name} is fenced: the database does not answer until that ends.")
    return {
        "changed": changed,
        "fenced": sorted(after.fenced),
        "cluster": after.summary(),
        "diff": {"before": {"fenced": sorted(before.fenced)}, "after": {"fenced": sorted(after.fenced)}},
    }


def wait_for_instances(client: KubeClient, view: ClusterView, params: Params, *, changed: bool) -> None:
    """Wait until PostgreSQL has stopped, or runs, in each of the instances that are meant."""
    given = params["instances"]
    names = view.instance_names if not given or ALL_INSTANCES in given else [name for name in given if name in view.instance_names]
    predicate = stopped if params["state"] == "fenced" else running
    deadline = time.monotonic() + params["wait_timeout"]
    for name in names:
        left = max(0.0, deadline - time.monotonic())
        sentence = f"Instance {name} of Cluster {view.name} in namespace {view.namespace} is not {params['state']}"
        await_object(client, Ref("v1", "Pod", name, view.namespace), predicate, sentence, timeout=left, changed=changed)


def plan_fence(view: ClusterView, state: str, names: t.Optional[t.Sequence[str]]) -> frozenset[str]:
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


def fence_patch(names: t.Collection[str]) -> Object:
    """Return the change that fences exactly these instances: sorted, as CloudNativePG writes it; none removes the annotation."""
    text = json.dumps(sorted(names), separators=(",", ":")) if names else None
    return {"metadata": {"annotations": {ANNOTATION_FENCED: text}}}


def stopped(pod: t.Optional[Object]) -> Verdict:
    """Check the pod of an instance to be fenced: it stays, and is no longer ready, so that it gets no connections."""
    if pod is not None and condition_of(pod, "Ready").get("status") == "True":
        return Verdict("waiting", "Its pod is still ready.")
    return DONE


def running(pod: t.Optional[Object]) -> Verdict:
    """Check the pod of an instance whose fence was lifted: PostgreSQL runs again when the pod is ready."""
    if pod is None:
        return Verdict("waiting", "It has no pod.")
    ready = condition_of(pod, "Ready")
    return DONE if ready.get("status") == "True" else Verdict("waiting", ready.get("message") or "Its pod is not ready.")
