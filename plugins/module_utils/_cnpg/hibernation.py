# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Hibernating a Cluster and waking it: what the annotation requests, when that has happened, and why it does not happen."""

from __future__ import annotations

import typing as t

from .._kube.ready import DONE, Predicate, Verdict
from .._kube.wait import Ref
from ._objects import ACTION_ARGUMENTS, Params, Warn, await_object, change_cluster
from ._view import ANNOTATION_HIBERNATION, API, CONDITION_HIBERNATION, PHASE_HEALTHY, ClusterView, CnpgError
from ._waiting import DELETED, TICK_SECONDS, health_predicate

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ARGUMENTS: dict[str, t.Any] = {
    **ACTION_ARGUMENTS,
    "state": {"type": "str", "choices": ["hibernated", "running"], "default": "hibernated"},
}
# The annotation to the word of the module.
REQUESTS = {"on": "hibernated", "off": "running", None: "running"}


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Hibernate the cluster or wake it, wait for the operator, and return the result of the module."""
    cluster, namespace, state = params["cluster"], params["namespace"], params["state"]
    waits = params["wait"] and not check_mode

    def build(live: Object) -> t.Optional[Object]:
        return None if requested_state(live) == state else state_patch(state)

    before, after = change_cluster(client, cluster, namespace, build, dry_run=check_mode)
    if waits:
        ref = Ref(API, "Cluster", cluster, namespace)
        after = await_state(client, ref, state, timeout=params["wait_timeout"], changed=before is not after)
    view, states = ClusterView.from_object(before), [requested_state(row) for row in (before, after)]
    if states[0] != states[1] == "hibernated" and view.phase != PHASE_HEALTHY and not waits:
        warn(f"Cluster {view.name} is in phase {view.phase!r}: the operator postpones the hibernation until it is healthy.")
    return {
        "changed": states[0] != states[1],
        "cluster": ClusterView.from_object(after).summary(),
        "diff": {"before": {"hibernation": states[0]}, "after": {"hibernation": states[1]}},
    }


def await_state(client: KubeClient, ref: Ref, state: str, *, timeout: float, changed: bool) -> Object:
    """Wait until the pods are gone, or back and healthy."""
    sentence = f"Cluster {ref.name} in namespace {ref.namespace} is not {state}"
    if state == "running":
        predicate = awake_predicate(health_predicate(client))
        return await_object(client, ref, predicate, sentence, timeout=timeout, tick=TICK_SECONDS, changed=changed)
    try:
        return await_object(client, ref, hibernated, sentence, timeout=timeout, changed=changed)
    except CnpgError as error:
        raise explain_deferral(client.get(*ref), error) from None


def requested_state(obj: Object) -> str:
    """Return what the annotation requests, in the words of the module; one with another value requests nothing."""
    value = (obj["metadata"].get("annotations") or {}).get(ANNOTATION_HIBERNATION)
    return REQUESTS.get(value, f"invalid ({value})")


def state_patch(state: str) -> Object:
    """Return the change that requests hibernation, or its end."""
    return {"metadata": {"annotations": {ANNOTATION_HIBERNATION: "on" if state == "hibernated" else "off"}}}


def hibernated(obj: t.Optional[Object]) -> Verdict:
    """Check whether the instances are gone and the volumes wait."""
    if obj is None:
        return DELETED
    view = ClusterView.from_object(obj)
    if view.hibernated:
        return DONE
    if view.hibernation != "on":
        return Verdict("failed", "Another client ended the hibernation meanwhile.")
    reported = view.conditions.get(CONDITION_HIBERNATION, {})
    return Verdict("waiting", str(reported.get("message") or "The operator has not answered yet."))


def explain_deferral(obj: t.Optional[Object], error: CnpgError) -> CnpgError:
    """Return a better error when a hibernation did not come because the operator waits for health; older versions do not report that."""
    view = ClusterView.from_object(obj) if obj else None
    reason = view.conditions.get(CONDITION_HIBERNATION, {}).get("reason") if view else "deleted"
    if view is None or not (reason == "WaitingForHealthy" or (reason is None and view.phase != PHASE_HEALTHY)):
        return error
    because = view.phase_reason or "the operator gives no reason"
    msg = (
        f"The operator postpones the hibernation of Cluster {view.name} in namespace {view.namespace} until it is healthy, and its "
        f"phase is {view.phase!r} ({because}). Repair the cluster, or take the request back with state=running."
    )
    return CnpgError(msg, **{**error.details, "error": "waiting_for_healthy", "cluster": view.summary()})


def awake_predicate(health: Predicate) -> Predicate:
    """Return what checks that a cluster runs again.

    The operator removes the condition when it has seen the change, so no older "healthy" counts.
    """

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return DELETED
        if CONDITION_HIBERNATION in ClusterView.from_object(obj).conditions:
            return Verdict("waiting", "The operator has not seen yet that the hibernation is over.")
        return health(obj)

    return check
