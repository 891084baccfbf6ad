# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Handing the primary role of a distributed topology from one Cluster to another, without loss and without a rebuild.

The old primary is demoted and writes a token that names where it stopped; the new one is promoted with that token, role and
token in one change. next_step() reads from both clusters how far this is, so that a run that was cut goes on. The two Clusters may be in
two Kubernetes clusters.
"""

from __future__ import annotations

import typing as t

from .._kube.ready import DONE, Predicate, Verdict
from .._kube.wait import Ref
from ._backups import backups_of, running
from ._objects import Params, await_object, change_cluster, require_cluster
from ._preconditions import Blocker, cluster_blockers, refusal, without
from ._view import API, PHASE_HEALTHY, ClusterView, CnpgError
from ._waiting import DELETED

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

DEMOTE, PROMOTE, VERIFY, FINISHED = "demote", "promote", "verify", "finished"


class Place(t.NamedTuple):
    """A Cluster and the API server that has it."""

    client: KubeClient
    name: str
    namespace: str

    def view(self) -> ClusterView:
        """Return the Cluster as it is now."""
        return ClusterView.from_object(require_cluster(self.client, self.name, self.namespace))


class HandOver:
    """Moves the primary role from one Cluster to another. Each step is read from the clusters, so a run that was cut goes on."""

    def __init__(self, old: Place, new: Place, params: Params, *, check_mode: bool) -> None:
        self._old, self._new = old, new
        self._timeout = params["wait_timeout"]
        self._skipped = params["skip_preconditions"]
        self._verifies = params["wait"] and not check_mode
        self._check_mode = check_mode
        self._steps: list[str] = []

    def run(self) -> dict[str, t.Any]:
        """Do what is missing and return the result of the module."""
        old, new = self._old.view(), self._new.view()
        before = roles(old, new)
        step = next_step(old, new)
        if step == DEMOTE:
            self._demote(old, new)
        if step in (DEMOTE, PROMOTE):
            self._promote(new)
        if step != FINISHED and self._verifies:
            self._verify()
        after = {f"{old.namespace}/{old.name}": "replica", f"{new.namespace}/{new.name}": "primary"}
        return {
            "changed": bool(self._steps),
            "steps": self._steps,
            "cluster": self._old.view().summary(),
            "primary_cluster": self._new.view().summary(),
            "diff": {"before": before, "after": after},
        }

    def _demote(self, old: ClusterView, new: ClusterView) -> None:
        """Make the old primary follow the new one, and wait for its token."""
        for place, view in ((self._old, old), (self._new, new)):
            blockers = without(cluster_blockers(view, running(backups_of(place.client, view))), self._skipped)
            if blockers:
                raise refusal(view, blockers)
        if stale_token(old):
            raise refusal(old, [Blocker("token", "it still shows the token of an earlier demotion; the operator removes that")])

        def build(live: Object) -> t.Optional[Object]:
            fresh = ClusterView.from_object(live)
            return demotion_patch(old, new) if next_step(fresh, new) == DEMOTE else None

        change_cluster(self._old.client, old.name, old.namespace, build, dry_run=self._check_mode)
        self._steps.append(DEMOTE)

    def _promote(self, new: ClusterView) -> None:
        """Promote the new primary with the token of the old one."""
        # In check mode the old primary is not really demoted, so there is no token to promote with.
        if not self._check_mode:
            token = ClusterView.from_object(self._await_token()).demotion_token

            def build(live: Object) -> t.Optional[Object]:
                return promotion_patch(new, token) if ClusterView.from_object(live).is_replica else None

            change_cluster(self._new.client, new.name, new.namespace, build)
        self._steps.append(PROMOTE)

    def _await_token(self) -> Object:
        sentence = f"The demotion of Cluster {self._old.name} in namespace {self._old.namespace} gave no token"
        try:
            return self._await(self._old, token_ready, sentence)
        except CnpgError as error:
            advice = "Never promote the other cluster without it. Run this task again, or make this cluster primary again in spec.replica."
            raise CnpgError(f"{error} {advice}", **{**error.details, "error": "no_token"}) from None

    def _verify(self) -> None:
        """Wait until both clusters are healthy in their new roles."""
        for place, predicate, role in ((self._new, promoted, "primary"), (self._old, following, "replica")):
            self._await(place, predicate, f"Cluster {place.name} in namespace {place.namespace} is not healthy as {role}")

    def _await(self, place: Place, predicate: Predicate, sentence: str) -> Object:
        ref = Ref(API, "Cluster", place.name, place.namespace)
        changed = bool(self._steps)
        try:
            return await_object(place.client, ref, predicate, sentence, timeout=self._timeout, changed=changed)
        except CnpgError as error:
            error.details["steps"] = self._steps
            raise


def own_name(view: ClusterView) -> str:
    """Return the name of a cluster inside the topology."""
    return str(view.replica.get("self") or view.name)


def next_step(old: ClusterView, new: ClusterView) -> str:
    """Return what is to be done next, or why nothing can be done, as CnpgError."""
    for view in (old, new):
        _check_topology(view)
    if new.is_replica:
        _check_follows(new, old)
        return PROMOTE if old.is_replica else DEMOTE
    if not old.is_replica:
        msg = (
            f"Both Cluster {old.name} and Cluster {new.name} are primary, so a hand-over would lose what one of them wrote. "
            "Decide which one is right, and make the other one anew as its replica."
        )
        raise CnpgError(msg, error="two_primaries")
    _check_follows(old, new)
    return FINISHED if new.last_promotion_token == new.promotion_token and healthy(new) and healthy(old) else VERIFY


def _check_topology(view: ClusterView) -> None:
    if not view.replica.get("primary") or view.replica.get("enabled") is not None:
        msg = (
            f"Cluster {view.name} in namespace {view.namespace} is not part of a distributed topology: "
            "spec.replica needs primary and source, and must not have enabled."
        )
        raise CnpgError(msg, error="no_topology", cluster=view.name)


def _check_follows(replica: ClusterView, primary: ClusterView) -> None:
    if replica.replica["primary"] != own_name(primary):
        msg = (
            f"Cluster {replica.name} follows {replica.replica['primary']}, not {own_name(primary)}, so the two are not the ends of one "
            "hand-over. Check the names, and self in spec.replica."
        )
        raise CnpgError(msg, error="no_topology", cluster=replica.name)


def demotion_patch(old: ClusterView, new: ClusterView) -> dict[str, t.Any]:
    """Return the change that makes the old primary follow the new one. A token of its own promotion is for primaries only."""
    return {"spec": {"replica": {"primary": own_name(new), "source": own_name(new), "promotionToken": None}}}


def promotion_patch(new: ClusterView, token: str) -> dict[str, t.Any]:
    """Return the change that promotes the new primary: in one piece, since without the token the old one would have to be rebuilt."""
    return {"spec": {"replica": {"primary": own_name(new), "promotionToken": token}}}


def stale_token(old: ClusterView) -> bool:
    """Whether a primary still shows the token of an earlier demotion, which would be taken for the new one."""
    return not old.is_replica and bool(old.demotion_token)


def token_ready(obj: t.Optional[Object]) -> Verdict:
    """Check the demoted cluster: the token is there and the demotion is over."""
    if obj is None:
        return DELETED
    view = ClusterView.from_object(obj)
    if not view.is_replica:
        return Verdict("failed", "Another client made the cluster primary again meanwhile.")
    if view.demotion_token and not (view.status.get("switchReplicaClusterStatus") or {}).get("inProgress"):
        return DONE
    return Verdict("waiting", f"{view.phase or 'no phase yet'}; the token is {'there' if view.demotion_token else 'not there yet'}.")


def promoted(obj: t.Optional[Object]) -> Verdict:
    """Check the promoted cluster: its instance has verified the token, and it is healthy."""
    if obj is None:
        return DELETED
    view = ClusterView.from_object(obj)
    if view.is_replica:
        return Verdict("failed", "Another client made the cluster a replica again meanwhile.")
    if view.last_promotion_token != view.promotion_token:
        return Verdict("waiting", f"{view.phase or 'no phase yet'}; the token is not verified yet.")
    return DONE if healthy(view) else Verdict("waiting", f"{view.phase}; Ready is {view.ready}.")


def following(obj: t.Optional[Object]) -> Verdict:
    """Check the demoted cluster: it is healthy as a replica."""
    if obj is None:
        return DELETED
    view = ClusterView.from_object(obj)
    return DONE if healthy(view) else Verdict("waiting", f"{view.phase}; Ready is {view.ready}.")


def healthy(view: ClusterView) -> bool:
    """Whether a cluster of the topology is healthy, as replica or as primary."""
    return view.phase == PHASE_HEALTHY and view.ready


def roles(old: ClusterView, new: ClusterView) -> dict[str, str]:
    """Return the role of each cluster, for the diff."""
    return {f"{view.namespace}/{view.name}": "replica" if view.is_replica else "primary" for view in (old, new)}
