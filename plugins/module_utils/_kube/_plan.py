# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What has to be done so that a list of manifests becomes true. A plan only reads from the server and tries things on it."""

from __future__ import annotations

import dataclasses
import typing as t

from .client import KubeClient
from .diff import applied_difference, preview
from .errors import KubeError
from .kinds import group_of, known
from .manifests import defined_by
from .objects import Key, Object, holds_data, key_of

# What a chart or a role usually makes. What holds data is not here, and neither is what controllers make for these.
PRUNE_KINDS = (
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "autoscaling/v2/HorizontalPodAutoscaler",
    "batch/v1/CronJob",
    "batch/v1/Job",
    "networking.k8s.io/v1/Ingress",
    "networking.k8s.io/v1/NetworkPolicy",
    "policy/v1/PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
    "v1/ConfigMap",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
)


@dataclasses.dataclass(frozen=True)
class Request:
    """What a task asks for in addition to its manifests. prune_labels is empty when nothing is pruned."""

    present: bool = True
    force: bool = False
    prune_labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    prune_namespace: str = ""
    prune_kinds: tuple[str, ...] = PRUNE_KINDS
    confirmed: tuple[str, ...] = ()
    wait_seconds: t.Optional[float] = None


@dataclasses.dataclass
class Step:
    """One object. change is created, changed, unchanged, deleted or pruned, or failed or skipped when it did not come to that."""

    key: Key
    obj: Object
    change: str
    before: Object
    after: Object
    # The server cannot check the object yet, because what defines it comes in the same call.
    deferred: bool = False
    done: bool = False
    ready: t.Optional[bool] = None
    reason: str = ""

    @property
    def removes(self) -> bool:
        """Whether the object is gone afterwards."""
        return self.change in ("deleted", "pruned")

    def row(self) -> dict[str, t.Any]:
        """Return what the module reports."""
        return {
            "api_version": self.obj["apiVersion"],
            "kind": self.key.kind,
            "name": self.key.name,
            "namespace": self.key.namespace or None,
            "change": self.change,
            "ready": self.ready,
            "reason": self.reason,
        }


class Planner:
    """Checks each manifest. One that the server refuses, and a deletion that is not confirmed, is a KubeError."""

    def __init__(self, client: KubeClient, manifests: t.Sequence[Object], request: Request) -> None:
        self._client = client
        self._manifests = manifests
        self._request = request
        # Kinds that this call defines anew or otherwise; their manifests are planned before those of their objects.
        self._changing: set[tuple[str, str]] = set()
        self._check = False
        self._namespaces = {obj["metadata"]["name"] for obj in manifests if obj["kind"] == "Namespace"}
        # Namespaces that neither the cluster nor the manifests have.
        self.missing: dict[str, None] = {}

    def steps(self, *, check: bool) -> list[Step]:
        """Return what to do, in order; what is to be pruned comes last. In check mode, an earlier task may make a namespace."""
        self._check = check
        if self._request.present:
            self._check_labels()
            steps = [self._applied(obj) for obj in self._manifests]
        else:
            # What lives in something else goes before it.
            steps = [self._deleted(obj) for obj in reversed(self._manifests)]
        if self._request.prune_labels:
            steps += self._pruned()
        self._check_confirmed(steps)
        return steps

    def comes_with(self, key: Key, error: KubeError) -> bool:
        """Whether another manifest brings what the server misses."""
        if error.error == "not_found":
            return key.namespace in self._namespaces
        unknown = error.error == "unknown_kind" or (error.error == "invalid" and error.details.get("unknown_fields"))
        return bool(unknown) and (key.group, key.kind) in self._changing

    def _may_come(self, key: Key, error: KubeError) -> bool:
        """Whether an earlier task of the play may bring the namespace that the server misses: in check mode it has not."""
        if not (self._check and key.namespace and error.error == "not_found"):
            return False
        self.missing[key.namespace] = None
        return True

    def _applied(self, obj: Object) -> Step:
        key = key_of(obj)
        try:
            change = preview(self._client, obj, force=self._request.force)
        except KubeError as error:
            if not self.comes_with(key, error) and not self._may_come(key, error):
                raise
            return self._unchecked(key, obj)
        if change.before and change.before["metadata"].get("deletionTimestamp"):
            raise KubeError(f"{key} is being deleted. Run the task again when it is gone.", error="being_deleted")
        if change.verb != "unchanged":
            self._changing.update(defined_by([obj]))
        return Step(key, obj, change.verb, change.before, change.after)

    def _unchecked(self, key: Key, obj: Object) -> Step:
        """Compare with the manifest itself, since the server cannot try it yet."""
        live = self._live(key, obj)
        before, after = applied_difference(live, overlaid(live, obj) if live else obj)
        return Step(key, obj, "changed" if live else "created", before, after, deferred=True)

    def _deleted(self, obj: Object) -> Step:
        key = key_of(obj)
        live = self._live(key, obj)
        return _removal(key, live or obj, "deleted" if live else "unchanged")

    def _live(self, key: Key, obj: Object) -> t.Optional[Object]:
        """Return the object as it is; of a kind that is not installed there is none."""
        try:
            return self._client.get(obj["apiVersion"], key.kind, key.name, key.namespace or None)
        except KubeError as error:
            if error.error != "unknown_kind":
                raise
            return None

    def _pruned(self) -> list[Step]:
        """Find what carries the labels, is not in the manifests, and has no owner, which would know better when it goes."""
        given = {key_of(obj) for obj in self._manifests}
        labels = ",".join(f"{name}={value}" for name, value in sorted(self._request.prune_labels.items()))
        found = {key_of(obj): obj for row in self._request.prune_kinds for obj in self._labelled(row, labels)}
        loose = {key: obj for key, obj in found.items() if key not in given and not obj["metadata"].get("ownerReferences")}
        return [_removal(key, obj, "pruned") for key, obj in loose.items()]

    def _labelled(self, row: str, labels: str) -> list[Object]:
        api_version, _slash, kind = row.rpartition("/")
        try:
            if not api_version or not self._client.resource(api_version, kind).namespaced:
                msg = f"{row} cannot be pruned. In prune_kinds, write kinds that live in namespaces as apps/v1/Deployment or v1/Secret."
                raise KubeError(msg, error="bad_option")
            return self._client.list(api_version, kind, self._request.prune_namespace, labels=labels)
        except KubeError as error:
            # Of a kind that exists but is not installed there is nothing to prune. Any other kind is misspelt.
            if error.error != "unknown_kind" or not (known(api_version, kind) or (group_of(api_version), kind) in self._changing):
                raise
            return []

    def _check_labels(self) -> None:
        """An object without the labels would never be pruned later, and it would not be clear why."""
        for name, value in self._request.prune_labels.items():
            without = [str(key_of(obj)) for obj in self._manifests if (obj["metadata"].get("labels") or {}).get(name) != value]
            if without:
                msg = f"With prune, every manifest needs the label {name}={value}; these lack it: {', '.join(without)}."
                raise KubeError(msg, error="bad_manifest")

    def _check_confirmed(self, steps: t.Iterable[Step]) -> None:
        missing = [
            step.key.confirmation
            for step in steps
            if step.removes and holds_data(step.obj) and step.key.confirmation not in self._request.confirmed
        ]
        if missing:
            msg = f"Deleting {', '.join(missing)} loses data, so it must be confirmed: list exactly these in confirm_delete."
            raise KubeError(msg, error="not_confirmed", confirm_delete=missing)


def _removal(key: Key, obj: Object, change: str) -> Step:
    if obj["metadata"].get("deletionTimestamp"):
        return Step(key, obj, "unchanged", {}, {}, reason="it is being deleted")
    before = {} if change == "unchanged" else applied_difference(None, obj)[1]
    return Step(key, obj, change, before, {})


def overlaid(live: t.Any, manifest: t.Any) -> t.Any:
    """Return an object with a manifest on top."""
    if not isinstance(live, dict) or not isinstance(manifest, dict):
        return manifest
    return {**live, **{name: overlaid(live.get(name), value) for name, value in manifest.items()}}
