# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Carrying out a hand-over between two Clusters, which may be in two Kubernetes clusters."""

from __future__ import annotations

import typing as t

from .._kube.ready import Predicate
from .._kube.wait import Ref
from ._backup import backups_of, running
from ._handover import (
    DEMOTE,
    FINISHED,
    PROMOTE,
    demotion_patch,
    following,
    next_step,
    promoted,
    promotion_patch,
    roles,
    stale_token,
    token_ready,
)
from ._switchover import Blocker, cluster_blockers, refuse, without
from .change import await_object, change_cluster, require_cluster
from .view import API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object


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

    def __init__(self, old: Place, new: Place, params: t.Mapping[str, t.Any], *, check_mode: bool) -> None:
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
                raise refuse(view, blockers)
        if stale_token(old):
            raise refuse(old, [Blocker("token", "it still shows the token of an earlier demotion; the operator removes that")])

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
        except CnpgError as problem:
            advice = "Never promote the other cluster without it. Run this task again, or make this cluster primary again in spec.replica."
            raise CnpgError(f"{problem} {advice}", **{**problem.details, "error": "no_token"}) from None

    def _verify(self) -> None:
        """Wait until both clusters are healthy in their new roles."""
        for place, predicate, role in ((self._new, promoted, "primary"), (self._old, following, "replica")):
            self._await(place, predicate, f"Cluster {place.name} in namespace {place.namespace} is not healthy as {role}")

    def _await(self, place: Place, predicate: Predicate, sentence: str) -> Object:
        ref = Ref(API, "Cluster", place.name, place.namespace)
        changed = bool(self._steps)
        try:
            return await_object(place.client, ref, predicate, sentence, timeout=self._timeout, changed=changed)
        except CnpgError as problem:
            problem.details["steps"] = self._steps
            raise
