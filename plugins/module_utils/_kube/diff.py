# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What applying a manifest would change: the object as it is, and as a dry run returns it.

Both come from the server, with its defaults and the changes of its webhooks, so what differs is what really changes.
"""

from __future__ import annotations

import copy
import typing as t

from .client import FIELD_MANAGER, KubeClient
from .objects import Object, same
from .secrets import hide_pair, with_data

# What the server keeps for itself, and what no manifest sets.
_SERVER_METADATA = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
# kubectl keeps a copy of the whole manifest here, with the data of a Secret.
_COPY = "kubectl.kubernetes.io/last-applied-configuration"


class Change(t.NamedTuple):
    """One object before and after. verb is created, changed or unchanged."""

    verb: str
    before: Object
    after: Object


def applied_difference(live: t.Optional[Object], wanted_applied: Object) -> tuple[Object, Object]:
    """Return both objects without what the server keeps for itself. Data of Secrets is hidden, a difference in it is not."""
    before, after = _normal(live), _normal(wanted_applied)
    if "Secret" in (before.get("kind"), after.get("kind")):
        hide_pair(before, after)
    return before, after


def preview(client: KubeClient, obj: Object, *, force: bool = False) -> Change:
    """Find out what applying an object would do. A new object is shown as it was given, since a dry run invents addresses."""
    kind, name, namespace = obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace")
    live = client.get(obj["apiVersion"], kind, name, namespace)
    result = client.apply(obj, force=force, dry_run=True)
    if live is None:
        return Change("created", *applied_difference(None, with_data(obj)))
    before, after = applied_difference(live, result)
    unchanged = same(before, after)
    if unchanged and _owned(live) != _owned(result):
        # The content stays, but from now on a field that leaves the manifest leaves the object.
        before["metadata"]["managedFields"], after["metadata"]["managedFields"] = _owned(live), _owned(result)
        unchanged = False
    return Change("unchanged" if unchanged else "changed", before, after)


def _normal(obj: t.Optional[Object]) -> Object:
    result = copy.deepcopy(obj) if obj else {}
    result.pop("status", None)
    metadata = result.get("metadata") or {}
    for name in _SERVER_METADATA:
        metadata.pop(name, None)
    annotations = metadata.get("annotations") or {}
    annotations.pop(_COPY, None)
    if not annotations:
        metadata.pop("annotations", None)
    return result


def _owned(obj: Object) -> list[t.Any]:
    """Return the fields that the object says were applied by this collection."""
    rows = obj["metadata"].get("managedFields") or []
    return [row.get("fieldsV1") for row in rows if row.get("manager") == FIELD_MANAGER and row.get("operation") == "Apply"]
