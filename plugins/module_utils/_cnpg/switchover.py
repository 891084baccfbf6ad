# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Making another instance of a Cluster primary, or another Cluster of a distributed topology."""

from __future__ import annotations

import re
import typing as t

from .._kube.options import KUBE_ARGUMENTS
from .._kube.ready import Predicate, Verdict
from .._kube.wait import Ref
from .._tool.times import micro_time, now
from ._backups import backups_of, running
from ._handover import HandOver, Place
from ._objects import ACTION_ARGUMENTS, Params, await_object, change_cluster, require_cluster
from ._preconditions import (
    PRECONDITIONS,
    Blocker,
    Instance,
    cluster_blockers,
    lag_of,
    nodes_matching,
    parse_pod,
    pick,
    read_position,
    refusal,
    without,
)
from ._view import API, ClusterView, CnpgError
from ._waiting import DELETED, TICK_SECONDS, health_predicate, read_instance_pods

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ANY_HEALTHY = "any_healthy"
PHASE_SWITCHOVER = "Switchover in progress"
OTHER_CLUSTER: dict[str, t.Any] = {
    "cluster": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
}
ARGUMENTS: dict[str, t.Any] = {
    **ACTION_ARGUMENTS,
    "to": {"type": "str"},
    "if_primary": {"type": "str"},
    "node_selector": {"type": "dict"},
    "primary_cluster": {"type": "dict", "options": OTHER_CLUSTER},
    "max_lag_bytes": {"type": "int", "default": 16 * 1024 * 1024},
    "skip_preconditions": {"type": "list", "elements": "str", "choices": list(PRECONDITIONS), "default": []},
    "stable_for": {"type": "int", "default": 10},
}
WAYS = ("to", "node_selector", "primary_cluster")
RULES: dict[str, t.Any] = {"required_one_of": [WAYS], "mutually_exclusive": [WAYS]}
Connect = t.Callable[[Params], "KubeClient"]


def run(connect: Connect, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Switch over or hand over and return the result of the module. connect returns a client for options like those of a module."""
    if not params["primary_cluster"]:
        return switch_over(connect(params), params, check_mode=check_mode)
    given = {name: value for name, value in params["primary_cluster"].items() if value is not None}
    # Another kubeconfig has an address, credentials and contexts of its own.
    foreign = [name for name in KUBE_ARGUMENTS if name != "api_timeout"] if "kubeconfig" in given else []
    other = {**params, **dict.fromkeys(foreign), **given}
    old, new = (Place(connect(row), row["cluster"], row["namespace"]) for row in (params, other))
    return HandOver(old, new, params, check_mode=check_mode).run()


def switch_over(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Make another instance primary if it is not, and return the result of the module."""
    if params["if_primary"] and params["to"] != ANY_HEALTHY:
        msg = f"The option if_primary needs to={ANY_HEALTHY}: another target is left alone anyway when it is primary already."
        raise CnpgError(msg, error="invalid")
    before = ClusterView.from_object(require_cluster(client, params["cluster"], params["namespace"]))
    instances = [parse_pod(pod) for pod in read_instance_pods(client, before)]
    candidates = find_candidates(client, before, instances, params)
    names = [row.name for row in candidates]
    if is_there(before, names, params):
        return result(before, before, target=before.current_primary)
    if before.target_primary in names and before.target_primary != before.current_primary:
        # Requested before, perhaps by a run that was cut: only its end is missing.
        return finish(client, before, before.target_primary, params, written=None, check_mode=check_mode)
    target, lag = choose(client, before, instances, [row for row in candidates if row.name != before.current_primary], params)
    written = request(client, before, target, params, check_mode=check_mode)
    return finish(client, before, target, params, written=written, lag=lag, check_mode=check_mode)


def find_candidates(client: KubeClient, view: ClusterView, instances: t.Sequence[Instance], params: Params) -> list[Instance]:
    """Return the instances that the options allow as primary."""
    where = f"Cluster {view.name} in namespace {view.namespace}"
    if params["node_selector"]:
        nodes = nodes_matching(client, params["node_selector"])
        found = [row for row in instances if row.node in nodes]
        if not found:
            msg = f"No instance of {where} is on a node with the labels {params['node_selector']}. These nodes have them: {sorted(nodes)}."
            raise CnpgError(msg, error="no_candidate", nodes=sorted(nodes))
        return found
    if params["to"] == ANY_HEALTHY:
        return list(instances)
    found = [row for row in instances if row.name == params["to"]]
    if not found:
        msg = f"{where} has no instance {params['to']} with a pod; it has: {', '.join(row.name for row in instances) or 'none'}."
        raise CnpgError(msg, error="unknown_instance", unknown=[params["to"]])
    return found


def is_there(view: ClusterView, candidates: t.Sequence[str], params: Params) -> bool:
    """Whether the primary is where it should be. Any other instance than the present one is never there already."""
    if view.current_primary != view.target_primary:
        return False
    if params["to"] == ANY_HEALTHY:
        return params["if_primary"] not in (None, view.current_primary)
    return view.current_primary in candidates


def choose(
    client: KubeClient, view: ClusterView, instances: t.Sequence[Instance], candidates: t.Sequence[Instance], params: Params
) -> tuple[str, t.Optional[int]]:
    """Check every precondition and return the new primary and its lag; CnpgError names what does not hold."""
    skipped = params["skip_preconditions"]
    primary = next((row for row in instances if row.name == view.current_primary), None)
    rows = list(candidates)
    if "lag" not in skipped:
        primary = primary and read_position(client, view.namespace, primary)
        rows = [read_position(client, view.namespace, row) for row in rows]
    blockers = without(cluster_blockers(view, running(backups_of(client, view))), skipped)
    chosen, obstacles = pick(rows, primary, max_lag_bytes=params["max_lag_bytes"], skipped=skipped)
    if not rows:
        obstacles = [Blocker("healthy", "there is no other instance")]
    if chosen is None or blockers:
        raise refusal(view, [*blockers, *obstacles])
    return chosen.name, lag_of(chosen, primary)


def request(client: KubeClient, view: ClusterView, target: str, params: Params, *, check_mode: bool) -> Object:
    """Request it from the operator, unless the cluster is no longer as it was when the preconditions were checked."""

    def build(live: Object) -> t.Optional[Object]:
        fresh = ClusterView.from_object(live)
        if fresh.target_primary == target:
            return None
        blockers = without(cluster_blockers(fresh, []), params["skip_preconditions"])
        if fresh.current_primary != view.current_primary:
            blockers.append(Blocker("healthy", f"the primary has become {fresh.current_primary} meanwhile"))
        if blockers:
            raise refusal(fresh, blockers)
        return target_patch(live, target, micro_time(now()))

    return change_cluster(client, view.name, view.namespace, build, subresource="status", dry_run=check_mode)[1]


def finish(
    client: KubeClient,
    before: ClusterView,
    target: str,
    params: Params,
    *,
    written: t.Optional[Object],
    lag: t.Optional[int] = None,
    check_mode: bool,
) -> dict[str, t.Any]:
    """Wait for the new primary, where that is requested, and return the result."""
    after = before
    if params["wait"] and not check_mode:
        predicate = switched_predicate(target, health_predicate(client, written=written, stable_for=params["stable_for"]))
        ref = Ref(API, "Cluster", before.name, before.namespace)
        sentence = f"The switchover of Cluster {before.name} in namespace {before.namespace} to {target} is not complete"
        changed = written is not None
        after = ClusterView.from_object(
            await_object(client, ref, predicate, sentence, timeout=params["wait_timeout"], tick=TICK_SECONDS, changed=changed)
        )
    return result(before, after, target=target, changed=written is not None, lag=lag)


def switched_predicate(target: str, health: Predicate) -> Predicate:
    """Return what checks a cluster during a switchover: the target is primary, and then the cluster is healthy and stays so."""

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return DELETED
        view = ClusterView.from_object(obj)
        if view.target_primary != target:
            return Verdict("failed", f"The operator has chosen {view.target_primary} instead, because {target} is not active.")
        if view.current_primary != target:
            return Verdict("waiting", f"{view.phase}; {view.current_primary} is still primary.")
        return health(obj)

    return check


def result(before: ClusterView, after: ClusterView, *, target: str, changed: bool = False, lag: t.Optional[int] = None) -> dict[str, t.Any]:
    """Return the result of the module."""
    return {
        "changed": changed,
        "previous_primary": before.current_primary,
        "primary": target,
        "lag_bytes": lag,
        "cluster": after.summary(),
        "diff": {"before": {"primary": before.current_primary if changed else target}, "after": {"primary": target}},
    }


def target_patch(obj: t.Mapping[str, t.Any], target: str, now: str) -> dict[str, t.Any]:
    """Return the change of the status that requests a switchover from the operator, the same as its command line tool makes.

    A merge replaces lists as a whole, so the other conditions are repeated.
    """
    conditions = (obj.get("status") or {}).get("conditions") or []
    ready: dict[str, str] = next((row for row in conditions if row["type"] == "Ready"), {})
    since = ready["lastTransitionTime"] if ready.get("status") == "False" else _seconds(now)
    not_ready = {
        "type": "Ready",
        "status": "False",
        "reason": "ClusterIsNotReady",
        "message": "Cluster Is Not Ready",
        "lastTransitionTime": since,
    }
    return {
        "status": {
            "targetPrimary": target,
            "targetPrimaryTimestamp": now,
            "phase": PHASE_SWITCHOVER,
            "phaseReason": f"Switching over to {target}",
            "conditions": [*(row for row in conditions if row["type"] != "Ready"), not_ready],
        }
    }


def _seconds(timestamp: str) -> str:
    """Conditions carry whole seconds."""
    return re.sub(r"\.\d+", "", timestamp)
