# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What was changed outside of helm: each object of a release is applied again on the server, as a dry run."""

from __future__ import annotations

import copy
import typing as t

from .._kube.diff import applied_difference
from .._kube.errors import KubeError
from .._kube.objects import same
from ._manifest import Change, Object, objects, title_of, without
from .storage import Release

MANAGER = "helm"


class Drift(t.NamedTuple):
    """One object that is not as helm left it. change is None when the server refuses to apply it."""

    obj: Object
    reason: str
    change: t.Optional[Change] = None

    def row(self) -> dict[str, str]:
        """Return it as the module does."""
        metadata = self.obj["metadata"]
        place = metadata.get("namespace") or ""
        return {"kind": self.obj["kind"], "name": metadata["name"], "namespace": place, "reason": self.reason}


def owned(client: t.Any, release: Release) -> list[Object]:
    """Return the objects of a release as helm sends them: with their namespace and with the marks of the release."""
    summary = release.summary()
    found = []
    for original in objects(release.manifest):
        obj = copy.deepcopy(original)
        metadata = obj.setdefault("metadata", {})
        # Helm makes a new object of these with each upgrade, so there is none to compare with.
        if not metadata.get("name"):
            continue
        if client.resource(obj["apiVersion"], obj["kind"]).namespaced:
            metadata.setdefault("namespace", summary["namespace"])
        metadata["labels"] = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
        marks = {"meta.helm.sh/release-name": summary["name"], "meta.helm.sh/release-namespace": summary["namespace"]}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
        found.append(obj)
    return found


def goes_by_itself(obj: Object) -> bool:
    """Whether the cluster deletes an object when its work is done, so that its absence means just that."""
    return bool(obj["kind"] == "Job" and (obj.get("spec") or {}).get("ttlSecondsAfterFinished") is not None)


def find(client: t.Any, release: Release, ignore: t.Sequence[t.Mapping[str, t.Any]]) -> list[Drift]:
    """Return the objects of a release that were changed or removed outside of helm."""
    found = []
    for obj in owned(client, release):
        live = client.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))
        if live is None and goes_by_itself(obj):
            continue
        # What is ignored is sent as it is: helm may own it, and the server would remove what its owner leaves out.
        desired = without(obj, ignore, live) if live else obj
        try:
            applied = client.apply(desired, force=True, dry_run=True, field_manager=MANAGER)
        except KubeError as error:
            if error.error not in ("invalid", "not_found"):
                raise
            found.append(Drift(desired, f"the server refuses what the chart has: {error}"))
            continue
        before, after = applied_difference(live, applied if live else desired)
        if not same(before, after):
            reason = "it does not exist" if live is None else "it was changed"
            found.append(Drift(desired, reason, Change(title_of(obj), before or None, after)))
    return found
