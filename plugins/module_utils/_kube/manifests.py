# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Manifests by themselves: reading, checking and comparing them, putting them in order, and which of them hold data."""

from __future__ import annotations

import typing as t

from .._tool.yaml import documents
from .client import Object
from .errors import KubeError
from .kinds import group_of
from .secrets import with_data

# What others live in comes first. Everything else keeps the order in which it was given.
_ORDER = ("Namespace", "CustomResourceDefinition")
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


def holds_data(obj: t.Any) -> bool:
    """Whether deleting an object, as it is now, deletes data of users."""
    kind = (group_of(obj.get("apiVersion") or ""), obj["kind"])
    path, word = _TAKES_DATA_ALONG.get(kind, ((), ""))
    found: t.Any = obj.get("spec")
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return kind in PROTECTED or (bool(path) and found == word)


def same(one: t.Any, other: t.Any) -> bool:
    """Whether two manifests, or parts of them, are the same for the API: 1 is 1.0 and not true, which is the same to Python."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def read_file(path: str) -> list[t.Any]:
    """Return the documents of a file in YAML or JSON."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeError) as problem:
        raise _wrong(f"Cannot read the manifests in {path}: {getattr(problem, 'strerror', None) or 'it is not text'}.") from problem
    return documents(text, f"The file {path}", lambda _word, msg: _wrong(msg), strict=True)


def flat(documents: t.Iterable[t.Any]) -> list[Object]:
    """Return single manifests, of which each names an object. A list, and an object of kind List, is as good as what is in it."""
    return [_named(given, place) for place, given in enumerate(_flat(documents), start=1)]


def in_order(manifests: t.Iterable[Object], namespace_of: t.Callable[[Object], t.Optional[str]]) -> list[Object]:
    """Return manifests in the order in which they are applied, each with the namespace that it goes to or with none."""
    found: dict[Key, Object] = {}
    for given in manifests:
        namespace = namespace_of(given)
        metadata = {name: value for name, value in given["metadata"].items() if name != "namespace"}
        obj = {**with_data(given), "metadata": {**metadata, **({"namespace": namespace} if namespace else {})}}
        key = key_of(obj)
        if key in found:
            raise _wrong(f"{key} is there twice. Keep one of the two manifests.")
        found[key] = obj
    return sorted(found.values(), key=lambda obj: _ORDER.index(obj["kind"]) if obj["kind"] in _ORDER else len(_ORDER))


def _flat(documents: t.Iterable[t.Any]) -> t.Iterator[t.Any]:
    for document in documents:
        if isinstance(document, list):
            yield from _flat(document)
        elif isinstance(document, dict) and document.get("kind") == "List":
            yield from _flat(document.get("items") or [])
        else:
            yield document


def _named(given: t.Any, place: int) -> Object:
    if not isinstance(given, dict):
        raise _wrong(f"Manifest {place} is no mapping.")
    metadata = given.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    what = f"Manifest {place} ({given.get('kind') or 'without a kind'} {name or 'without a name'})"
    missing = [
        field
        for field, value in (("apiVersion", given.get("apiVersion")), ("kind", given.get("kind")), ("metadata.name", name))
        if not isinstance(value, str) or not value
    ]
    if missing:
        raise _wrong(f"{what} lacks {' and '.join(missing)}; each must be a text.")
    return given


def defined_by(manifests: t.Iterable[Object]) -> dict[tuple[str, str], bool]:
    """Return the kinds that the CustomResourceDefinitions among manifests define: (group, kind) to whether they live in namespaces."""
    result = {}
    for obj in manifests:
        spec = obj.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        if obj["kind"] == "CustomResourceDefinition" and isinstance(spec, dict) and isinstance(names, dict):
            result[str(spec.get("group")), str(names.get("kind"))] = spec.get("scope") == "Namespaced"
    return result


def _wrong(msg: str) -> KubeError:
    return KubeError(msg, error="bad_manifest")
