# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Objects of the API as they are in JSON: what identifies one, which pods it has, when two are the same, which hold data."""

from __future__ import annotations

import typing as t

from .kinds import group_of

Object = dict[str, t.Any]
Objects = list[Object]

# Deleting one of these deletes data of users, directly or with what is inside.
PROTECTED = (
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("postgresql.cnpg.io", "Cluster"),
)
# So does deleting one of these when its specification says so.
_TAKES_DATA_ALONG = {
    # The claims that it has made.
    ("apps", "StatefulSet"): (("persistentVolumeClaimRetentionPolicy", "whenDeleted"), "Delete"),
    # The database in PostgreSQL.
    ("postgresql.cnpg.io", "Database"): (("databaseReclaimPolicy",), "delete"),
}


class Key(t.NamedTuple):
    """What makes two manifests the same object; the version of the API does not."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def confirmation(self) -> str:
        """What confirm_delete has to say for an object that holds data."""
        return f"{self.kind}/{self.name}"


def key_of(obj: Object) -> Key:
    """Return what identifies an object."""
    metadata = obj["metadata"]
    return Key(group_of(obj["apiVersion"]), obj["kind"], metadata.get("namespace") or "", metadata["name"])


# How the operators of a selector are written in a query.
_TERMS = {"In": "{key} in ({values})", "NotIn": "{key} notin ({values})", "Exists": "{key}", "DoesNotExist": "!{key}"}


def selector_of(obj: Object) -> str:
    """Return which pods belong to a workload, as a label selector; nothing when it does not say."""
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = [f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items())]
    rows = selector.get("matchExpressions") or []
    return ",".join([*labels, *(_TERMS[row["operator"]].format(key=row["key"], values=",".join(row.get("values") or [])) for row in rows)])


def holds_data(obj: t.Any) -> bool:
    """Whether deleting an object, as it is now, deletes data of users."""
    kind = (group_of(obj.get("apiVersion") or ""), obj["kind"])
    path, word = _TAKES_DATA_ALONG.get(kind, ((), ""))
    found: t.Any = obj.get("spec")
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return kind in PROTECTED or (bool(path) and found == word)


def same(one: t.Any, other: t.Any) -> bool:
    """Whether two objects, or parts of them, are the same for the API: 1 is 1.0 and not true, which is the same to Python."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
