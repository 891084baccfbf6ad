# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The states of a Cluster: present, restarted, reloaded, absent. Each returns the result of the module."""

from __future__ import annotations

import datetime
import time
import typing as t

from .._kube.errors import KubeError
from .._kube.wait import Ref, ref_of
from ._instances import pending_restart
from ._spec import build_cluster, connection, keep_bootstrap, refuse_forbidden
from .change import change_cluster
from .objects import carry_out, confirm, diff_of, plan, remove, wait_for, wait_gone
from .view import ANNOTATION_LOOP, ANNOTATION_RESTART, API, LABEL_CLUSTER, ClusterView, CnpgError, instance_labels
from .waiting import RestartPredicate, health_predicate

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

# State to the annotation that the operator watches, and the one in which the key of the task is kept.
ACTIONS = {
    "restarted": (ANNOTATION_RESTART, "campus.moodle/restart-key"),
    "reloaded": ("cnpg.io/reloadedAt", "campus.moodle/reload-key"),
}
ANNOTATION_PVC_STATUS = "cnpg.io/pvcStatus"
DETACHED = "detached"
MAJOR_UPGRADE_WARNING = (
    "PostgreSQL is upgraded to version {0}. Take a base backup when it is done, since older ones cannot be used across the upgrade, "
    "run ANALYZE in each database, and update the extensions."
)


class ClusterStates:
    """One Cluster and what the task wants of it. warn is told what the user should know although nothing failed."""

    def __init__(self, client: KubeClient, params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> None:
        self._client = client
        self._params = params
        self._check_mode = check_mode
        self._warn = warn
        self._name, self._namespace = params["name"], params["namespace"]
        self._ref = Ref(API, "Cluster", self._name, self._namespace)

    def run(self) -> dict[str, t.Any]:
        """Return the result of the module."""
        state = self._params["state"]
        return {"present": self.present, "absent": self.absent}.get(state, self.act)()

    def present(self) -> dict[str, t.Any]:
        """Create the cluster or bring its definition up to date, and wait until that has arrived."""
        params, force = self._params, self._params["force_conflicts"]
        live = self._client.get(*self._ref)
        wanted = build_cluster(params)
        keep_bootstrap(wanted, live)
        change = plan(self._client, wanted, force=force, check_mode=self._check_mode)
        major = None
        if live is not None:
            permissions = {name: params[name] for name in ("allow_shrink", "allow_major_upgrade")}
            major = refuse_forbidden(live, change.after, **permissions)
        if major is not None:
            self._warn(MAJOR_UPGRADE_WARNING.format(major))
        written = carry_out(self._client, wanted, change, force=force, check_mode=self._check_mode)
        latest = self._await(written or live or change.after, written, major_version=major)
        return self._result(change.verb != "unchanged", diff_of(change), latest)

    def act(self) -> dict[str, t.Any]:
        """Ask the operator for a restart or a reload, unless this was asked for before under the same key."""
        state, key = self._params["state"], self._params["action_key"]
        stamp, key_annotation = ACTIONS[state]
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

        def build(live: Object) -> t.Optional[Object]:
            if key is not None and _annotation(live, key_annotation) == key:
                return None
            return {"metadata": {"annotations": {stamp: now, **({key_annotation: key} if key is not None else {})}}}

        before, after = change_cluster(self._client, self._name, self._namespace, build, dry_run=self._check_mode)
        changed = before is not after
        written = after if changed and not self._check_mode else None
        latest = self._await(after, written, restarted=now if state == "restarted" and changed else None)
        # Not the time itself, which would be another one in check mode.
        words = ("asked for before", "asked for now" if changed else "asked for before")
        rows = [{stamp: word, key_annotation: _annotation(row, key_annotation)} for word, row in zip(words, (before, after))]
        return self._result(changed, {"before": rows[0], "after": rows[1]}, latest)

    def absent(self) -> dict[str, t.Any]:
        """Delete the cluster, with its volumes or without."""
        live = self._client.get(*self._ref)
        kept: list[str] = []
        if live is not None:
            keep = self._params["keep_pvcs"]
            what = f"Cluster {self._name} in namespace {self._namespace} would be deleted, its volumes "
            what += "would be kept." if keep else "with all databases as well."
            confirm(self._params["confirm_delete"], self._name, what)
            kept = self._detach(live) if keep else []
        change = remove(self._client, live, check_mode=self._check_mode)
        if self._params["wait"] != "none" and live is not None and not self._check_mode:
            self._await_end()
        return {"changed": change.verb != "unchanged", "diff": diff_of(change), "kept_volumes": kept}

    def _await_end(self) -> None:
        """Wait until the cluster and its pods are gone."""
        deadline = time.monotonic() + self._params["wait_timeout"]
        wait_gone(self._client, self._ref, timeout=self._params["wait_timeout"])
        for pod in self._client.list("v1", "Pod", self._namespace, labels=instance_labels(self._name), metadata_only=True):
            wait_gone(self._client, ref_of(pod), timeout=max(0.0, deadline - time.monotonic()))

    def _detach(self, live: Object) -> list[str]:
        """Make the volumes nobody's, so that they outlive the cluster, and return their names."""
        claims = self._client.list("v1", "PersistentVolumeClaim", self._namespace, labels=f"{LABEL_CLUSTER}={self._name}")
        uid = live["metadata"]["uid"]
        mine = [row for row in claims if _owners(row) != _owners(row, without=uid)]
        kept = mine + [row for row in claims if _annotation(row, ANNOTATION_PVC_STATUS) == DETACHED]
        if not self._check_mode:
            try:
                self._detach_each(mine, uid)
            except KubeError as problem:
                msg = (
                    f"{problem} Cluster {self._name} was not deleted, but the operator leaves it alone from now on. "
                    f"Run the task again, or remove the annotation {ANNOTATION_LOOP} from it."
                )
                raise CnpgError(msg, **{**problem.details, "changed": True}) from None
        return sorted(row["metadata"]["name"] for row in kept)

    def _detach_each(self, claims: list[Object], uid: str) -> None:
        """The operator must not answer to volumes that get lost with new ones, so it is put to sleep first."""
        asleep = {"metadata": {"uid": uid, "annotations": {ANNOTATION_LOOP: "disabled"}}}
        self._client.patch(API, "Cluster", self._name, asleep, namespace=self._namespace)
        for claim in claims:
            metadata, owners = claim["metadata"], _owners(claim, without=uid)
            alone = {"uid": metadata["uid"], "ownerReferences": owners, "annotations": {ANNOTATION_PVC_STATUS: DETACHED}}
            self._client.patch("v1", "PersistentVolumeClaim", metadata["name"], {"metadata": alone}, namespace=self._namespace)

    def _await(
        self, known: Object, written: t.Optional[Object], *, major_version: t.Optional[int] = None, restarted: t.Optional[str] = None
    ) -> Object:
        """Wait for health where that is wanted, and return the newest object that is known."""
        if self._params["wait"] == "none" or self._check_mode:
            return known
        health = health_predicate(self._client, written=written, stable_for=self._params["stable_for"], major_version=major_version)
        if written is None and health(known).state == "done":
            return known
        predicate = RestartPredicate(self._client, health, restarted) if restarted else health
        return wait_for(self._client, self._ref, predicate, timeout=self._params["wait_timeout"], changed=written is not None)

    def _result(self, changed: bool, diff: dict[str, t.Any], obj: Object) -> dict[str, t.Any]:
        view = ClusterView.from_object(obj)
        asked = self._params["wait"] != "none" and not self._check_mode
        return {
            "changed": changed,
            "diff": diff,
            "cluster": view.summary(),
            "connection": connection(obj),
            "pending_restart": pending_restart(self._client, view) if asked else None,
        }


def _annotation(obj: Object, name: str) -> t.Optional[str]:
    return (obj["metadata"].get("annotations") or {}).get(name)


def _owners(obj: Object, *, without: str = "") -> list[dict[str, t.Any]]:
    return [row for row in obj["metadata"].get("ownerReferences") or () if row["uid"] != without]
