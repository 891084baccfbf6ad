# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Manifests by themselves: reading them, checking that each names an object, and putting them in order."""

from __future__ import annotations

import typing as t

from .._tool import yaml
from .client import KubeClient
from .errors import KubeError
from .kinds import group_of
from .objects import Key, Object, key_of
from .secrets import with_data

# What others live in comes first. Everything else keeps the order in which it was given.
_ORDER = ("Namespace", "CustomResourceDefinition")


def read_file(path: str) -> list[t.Any]:
    """Return the documents of a file in YAML or JSON."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeError) as error:
        raise _wrong(f"Cannot read the manifests in {path}: {getattr(error, 'strerror', None) or 'it is not text'}.") from error
    return yaml.documents(text, f"The file {path}", lambda _word, msg: _wrong(msg), strict=True)


def placed(client: KubeClient, documents: t.Iterable[t.Any], namespace: t.Optional[str]) -> list[Object]:
    """Return manifests as they are sent: checked, in order, in the given namespace or in that of the client if they name none."""
    manifests = flat(documents)
    defined = defined_by(manifests)

    def namespace_of(obj: Object) -> t.Optional[str]:
        kind = (group_of(obj["apiVersion"]), obj["kind"])
        namespaced = defined[kind] if kind in defined else _namespaced(client, obj)
        return (obj["metadata"].get("namespace") or namespace or client.namespace) if namespaced else None

    return in_order(manifests, namespace_of)


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
        raise _wrong(f"Manifest {place} is not a mapping.")
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


def _namespaced(client: KubeClient, obj: Object) -> bool:
    try:
        return client.resource(obj["apiVersion"], obj["kind"]).namespaced
    except KubeError as error:
        # If the object is to be absent, it is; otherwise this error comes again when the object is tried.
        if error.error != "unknown_kind":
            raise
        return True


def _wrong(msg: str) -> KubeError:
    return KubeError(msg, error="bad_manifest")
