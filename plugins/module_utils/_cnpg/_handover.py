# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Handing the primary role of a distributed topology from one Cluster to another, without loss and without a rebuild.

The old primary is demoted and writes a token that says where it stopped; the new one is promoted with that token, role and
token in one change. next_step() reads from both clusters how far this is, so that a run that was cut goes on.
"""

from __future__ import annotations

import typing as t

from .._kube.ready import DONE, Verdict
from .view import PHASE_HEALTHY, ClusterView, CnpgError

DEMOTE, PROMOTE, VERIFY, FINISHED = "demote", "promote", "verify", "finished"


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


def token_ready(obj: t.Optional[t.Mapping[str, t.Any]]) -> Verdict:
    """Judge the demoted cluster: the token is there and the demotion is over."""
    if obj is None:
        return Verdict("failed", "The cluster was deleted meanwhile.")
    view = ClusterView.from_object(obj)
    if not view.is_replica:
        return Verdict("failed", "Somebody made the cluster primary again meanwhile.")
    if view.demotion_token and not (view.status.get("switchReplicaClusterStatus") or {}).get("inProgress"):
        return DONE
    return Verdict("waiting", f"{view.phase or 'no phase yet'}; the token is {'there' if view.demotion_token else 'not there yet'}")


def promoted(obj: t.Optional[t.Mapping[str, t.Any]]) -> Verdict:
    """Judge the promoted cluster: its instance has verified the token, and it is healthy."""
    if obj is None:
        return Verdict("failed", "The cluster was deleted meanwhile.")
    view = ClusterView.from_object(obj)
    if view.is_replica:
        return Verdict("failed", "Somebody made the cluster a replica again meanwhile.")
    if view.last_promotion_token != view.promotion_token:
        return Verdict("waiting", f"{view.phase or 'no phase yet'}; the token is not verified yet")
    return DONE if healthy(view) else Verdict("waiting", f"{view.phase}; Ready is {view.ready}")


def following(obj: t.Optional[t.Mapping[str, t.Any]]) -> Verdict:
    """Judge the demoted cluster: it is healthy as a replica."""
    if obj is None:
        return Verdict("failed", "The cluster was deleted meanwhile.")
    view = ClusterView.from_object(obj)
    return DONE if healthy(view) else Verdict("waiting", f"{view.phase}; Ready is {view.ready}")


def healthy(view: ClusterView) -> bool:
    """Whether a cluster of the topology is well, as replica or as primary."""
    return view.phase == PHASE_HEALTHY and view.ready


def roles(old: ClusterView, new: ClusterView) -> dict[str, str]:
    """Return who is what, for the diff."""
    return {f"{view.namespace}/{view.name}": "replica" if view.is_replica else "primary" for view in (old, new)}
