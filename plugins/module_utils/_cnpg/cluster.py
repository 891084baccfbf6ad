# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Bringing a Cluster into a state: present, restarted, reloaded, absent."""

from __future__ import annotations

import time
import typing as t

from .._kube.errors import KubeError
from .._kube.wait import Ref, ref_of
from .._tool.times import now
from ._instances import pending_restart
from ._objects import OBJECT_ARGUMENTS, Params, Task, Warn, await_gone, change_cluster, confirm, diff_of
from ._spec import build_cluster, connection, keep_bootstrap, refuse_forbidden
from ._view import ANNOTATION_LOOP, ANNOTATION_RESTART, API, LABEL_CLUSTER, ClusterView, CnpgError, instance_labels
from ._waiting import health_predicate, restart_predicate

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

STORAGE: dict[str, t.Any] = {"size": {"type": "str"}, "storage_class": {"type": "str"}}
CATALOG: dict[str, t.Any] = {
    "kind": {"type": "str", "choices": ["ImageCatalog", "ClusterImageCatalog"], "default": "ImageCatalog"},
    "name": {"type": "str", "required": True},
    "major": {"type": "int", "required": True},
}
SYNCHRONOUS: dict[str, t.Any] = {
    "method": {"type": "str", "choices": ["any", "first"], "default": "any"},
    "number": {"type": "int", "required": True},
    "data_durability": {"type": "str", "choices": ["required", "preferred"]},
}
ARGUMENTS: dict[str, t.Any] = {
    **OBJECT_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "restarted", "reloaded"], "default": "present"},
    "action_key": {"type": "str", "no_log": False},
    "instances": {"type": "int"},
    "image": {"type": "str"},
    "catalog": {"type": "dict", "options": CATALOG},
    "storage": {"type": "dict", "options": STORAGE},
    "wal_storage": {"type": "dict", "options": STORAGE},
    "synchronous": {"type": "dict", "options": SYNCHRONOUS},
    "parameters": {"type": "dict"},
    "bootstrap": {"type": "dict"},
    "plugins": {"type": "list", "elements": "dict"},
    "resources": {"type": "dict"},
    "spec": {"type": "dict"},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "allow_shrink": {"type": "bool", "default": False},
    "allow_major_upgrade": {"type": "bool", "default": False},
    "confirm_delete": {"type": "str"},
    "keep_pvcs": {"type": "bool", "default": False},
    "wait": {"type": "str", "choices": ["none", "healthy"], "default": "healthy"},
    "stable_for": {"type": "int", "default": 10},
}
RULES: dict[str, t.Any] = {"mutually_exclusive": [("image", "catalog")]}
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


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Bring the cluster into its state and return the result of the module."""
    task = ClusterTask(client, params, check_mode=check_mode, warn=warn)
    return {"present": task.present, "absent": task.absent}.get(params["state"], task.act)()


class ClusterTask(Task):
    """One Cluster, and what the options request of it. Each state is a method that returns the result."""

    def __init__(self, client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> None:
        super().__init__(client, params, check_mode=check_mode, warn=warn)
        self._name, self._namespace = params["name"], params["namespace"]
        self._ref = Ref(API, "Cluster", self._name, self._namespace)

    def present(self) -> dict[str, t.Any]:
        """Create the cluster or bring its definition up to date, and wait until that has arrived."""
        live = self.client.get(*self._ref)
        desired = build_cluster(self.params)
        keep_bootstrap(desired, live)
        change = self.plan(desired)
        major = None
        if live is not None:
            permissions = {name: self.params[name] for name in ("allow_shrink", "allow_major_upgrade")}
            major = refuse_forbidden(live, change.after, **permissions)
        if major is not None:
            self.warn(MAJOR_UPGRADE_WARNING.format(major))
        written = self.carry_out(desired, change)
        latest = self._await(written or live or change.after, written, major_version=major)
        return self._result(change.verb != "unchanged", diff_of(change), latest)

    def act(self) -> dict[str, t.Any]:
        """Request a restart or a reload from the operator, unless this was requested before under the same key."""
        state, key = self.params["state"], self.params["action_key"]
        stamp, key_annotation = ACTIONS[state]
        moment = now().strftime("%Y-%m-%dT%H:%M:%SZ")

        def build(live: Object) -> t.Optional[Object]:
            if key is not None and _annotation(live, key_annotation) == key:
                return None
            return {"metadata": {"annotations": {stamp: moment, **({key_annotation: key} if key is not None else {})}}}

        before, after = change_cluster(self.client, self._name, self._namespace, build, dry_run=self.check_mode)
        changed = before is not after
        written = after if changed and not self.check_mode else None
        latest = self._await(after, written, restarted=moment if state == "restarted" and changed else None)
        # Not the time itself, which would be another one in check mode.
        words = ("requested before", "requested now" if changed else "requested before")
        rows = [{stamp: word, key_annotation: _annotation(row, key_annotation)} for word, row in zip(words, (before, after))]
        return self._result(changed, {"before": rows[0], "after": rows[1]}, latest)

    def absent(self) -> dict[str, t.Any]:
        """Delete the cluster, with its volumes or without."""
        live = self.client.get(*self._ref)
        kept: list[str] = []
        if live is not None:
            keep = self.params["keep_pvcs"]
            what = f"Cluster {self._name} in namespace {self._namespace} would be deleted, its volumes "
            what += "would be kept." if keep else "with all databases as well."
            confirm(self.params["confirm_delete"], self._name, what)
            kept = self._detach(live) if keep else []
        change = self.remove(live)
        if self.waits and live is not None:
            self._await_end()
        return {"changed": change.verb != "unchanged", "diff": diff_of(change), "kept_volumes": kept}

    def _await_end(self) -> None:
        """Wait until the cluster and its pods are gone."""
        deadline = time.monotonic() + self.params["wait_timeout"]
        await_gone(self.client, [self._ref], timeout=self.params["wait_timeout"], changed=True)
        pods = self.client.list("v1", "Pod", self._namespace, labels=instance_labels(self._name), metadata_only=True)
        await_gone(self.client, map(ref_of, pods), timeout=deadline - time.monotonic(), changed=True)

    def _detach(self, live: Object) -> list[str]:
        """Take the volumes away from the cluster, so that they outlive it, and return their names."""
        claims = self.client.list("v1", "PersistentVolumeClaim", self._namespace, labels=f"{LABEL_CLUSTER}={self._name}")
        uid = live["metadata"]["uid"]
        mine = [row for row in claims if _owners(row) != _owners(row, without=uid)]
        kept = mine + [row for row in claims if _annotation(row, ANNOTATION_PVC_STATUS) == DETACHED]
        if not self.check_mode:
            try:
                self._detach_each(mine, uid)
            except KubeError as error:
                msg = (
                    f"{error} Cluster {self._name} was not deleted, but the operator leaves it alone from now on. "
                    f"Run the task again, or remove the annotation {ANNOTATION_LOOP} from it."
                )
                raise CnpgError(msg, **{**error.details, "changed": True}) from None
        return sorted(row["metadata"]["name"] for row in kept)

    def _detach_each(self, claims: list[Object], uid: str) -> None:
        """Detach volumes. The operator would replace those that disappear, so it is told to leave this cluster alone first."""
        asleep = {"metadata": {"uid": uid, "annotations": {ANNOTATION_LOOP: "disabled"}}}
        self.client.patch(API, "Cluster", self._name, asleep, namespace=self._namespace)
        for claim in claims:
            metadata, owners = claim["metadata"], _owners(claim, without=uid)
            alone = {"uid": metadata["uid"], "ownerReferences": owners, "annotations": {ANNOTATION_PVC_STATUS: DETACHED}}
            self.client.patch("v1", "PersistentVolumeClaim", metadata["name"], {"metadata": alone}, namespace=self._namespace)

    def _await(
        self, known: Object, written: t.Optional[Object], *, major_version: t.Optional[int] = None, restarted: t.Optional[str] = None
    ) -> Object:
        """Wait for health where that is requested, and return the newest object that is known."""
        if not self.waits:
            return known
        health = health_predicate(self.client, written=written, stable_for=self.params["stable_for"], major_version=major_version)
        if written is None and health(known).state == "done":
            return known
        predicate = restart_predicate(self.client, health, restarted) if restarted else health
        return self.wait_for(self._ref, predicate, changed=written is not None)

    def _result(self, changed: bool, diff: dict[str, t.Any], obj: Object) -> dict[str, t.Any]:
        view = ClusterView.from_object(obj)
        return {
            "changed": changed,
            "diff": diff,
            "cluster": view.summary(),
            "connection": connection(obj),
            "pending_restart": pending_restart(self.client, view) if self.waits else None,
        }


def _annotation(obj: Object, name: str) -> t.Optional[str]:
    return (obj["metadata"].get("annotations") or {}).get(name)


def _owners(obj: Object, *, without: str = "") -> list[dict[str, t.Any]]:
    return [row for row in obj["metadata"].get("ownerReferences") or () if row["uid"] != without]
