# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Carrying out a switchover inside one Cluster, from the choice of the instance to a healthy cluster with the new primary."""

from __future__ import annotations

import typing as t

from .._kube.ready import Verdict
from .._kube.wait import Ref
from .._tool.times import micro_time, now
from ._backup import backups_of, running
from ._switchover import (
    ANY_HEALTHY,
    Blocker,
    Instance,
    cluster_blockers,
    lag_of,
    nodes_matching,
    parse_pod,
    pick,
    promotion_patch,
    read_position,
    refuse,
    without,
)
from .change import await_object, change_cluster, require_cluster
from .view import API, ClusterView, CnpgError
from .waiting import TICK_SECONDS, HealthPredicate, health_predicate, read_instance_pods

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Params = t.Mapping[str, t.Any]


def switch_over(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Make another instance primary if it is not, and return the result of the module."""
    if params["if_primary"] and params["to"] != ANY_HEALTHY:
        msg = f"The option if_primary needs to={ANY_HEALTHY}: another target is left alone anyway when it is primary already."
        raise CnpgError(msg, error="invalid")
    before = ClusterView.from_object(require_cluster(client, params["cluster"], params["namespace"]))
    instances = [parse_pod(pod) for pod in read_instance_pods(client, before)]
    candidates = find_candidates(client, before, instances, params)
    names = [row.name for row in candidates]
    if wanted_already(before, names, params):
        return result(before, before, target=before.current_primary)
    if before.target_primary in names and before.target_primary != before.current_primary:
        # Asked for before, perhaps by a run that was cut: only its end is missing.
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


def wanted_already(view: ClusterView, candidates: t.Sequence[str], params: Params) -> bool:
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
    chosen, against = pick(rows, primary, max_lag_bytes=params["max_lag_bytes"], skipped=skipped)
    if not rows:
        against = [Blocker("healthy", "there is no other instance")]
    if chosen is None or blockers:
        raise refuse(view, [*blockers, *against])
    return chosen.name, lag_of(chosen, primary)


def request(client: KubeClient, view: ClusterView, target: str, params: Params, *, check_mode: bool) -> Object:
    """Ask the operator, unless the cluster is no longer as it was when the preconditions were checked."""

    def build(live: Object) -> t.Optional[Object]:
        fresh = ClusterView.from_object(live)
        if fresh.target_primary == target:
            return None
        blockers = without(cluster_blockers(fresh, []), params["skip_preconditions"])
        if fresh.current_primary != view.current_primary:
            blockers.append(Blocker("healthy", f"the primary has become {fresh.current_primary} meanwhile"))
        if blockers:
            raise refuse(fresh, blockers)
        return promotion_patch(live, target, micro_time(now()))

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
    """Wait for the new primary, where that is wanted, and return the result."""
    after = before
    if params["wait"] and not check_mode:
        predicate = Switched(target, health_predicate(client, written=written, stable_for=params["stable_for"]))
        ref = Ref(API, "Cluster", before.name, before.namespace)
        sentence = f"The switchover of Cluster {before.name} in namespace {before.namespace} to {target} is not complete"
        changed = written is not None
        after = ClusterView.from_object(
            await_object(client, ref, predicate, sentence, timeout=params["wait_timeout"], tick=TICK_SECONDS, changed=changed)
        )
    return result(before, after, target=target, changed=written is not None, lag=lag)


class Switched:
    """Judges a cluster during a switchover: the target is primary, and then the cluster is healthy and stays so."""

    def __init__(self, target: str, health: HealthPredicate) -> None:
        self._target = target
        self._health = health

    def __call__(self, obj: t.Optional[Object]) -> Verdict:
        """Return done, waiting or failed with the reason."""
        view = ClusterView.from_object(obj) if obj else None
        if view is None:
            return Verdict("failed", "the cluster was deleted meanwhile")
        if view.target_primary != self._target:
            return Verdict("failed", f"the operator has chosen {view.target_primary} instead, because {self._target} is not active")
        if view.current_primary != self._target:
            return Verdict("waiting", f"{view.phase}; {view.current_primary} is still primary")
        return self._health(obj)


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
