# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Manifests as objects: reading them, comparing them, leaving out what may differ."""

from __future__ import annotations

import json
import typing as t

from .._kube.objects import same
from .._tool import yaml
from .storage import HelmError, Release

Object = dict[str, t.Any]


class Change(t.NamedTuple):
    """One object that is different; None where it does not exist."""

    title: str
    before: t.Optional[t.Any]
    after: t.Optional[t.Any]


def documents(text: str, what: str = "The manifest") -> list[t.Any]:
    """Read the documents in a text. what begins the sentence of an error."""
    return yaml.documents(text, what, _refuse)


def as_yaml(tree: t.Any) -> str:
    """Return a tree as YAML for people."""
    return yaml.text_of(tree, "The diff", _refuse)


def _refuse(word: str, msg: str) -> HelmError:
    return HelmError(msg, error=word)


def objects(text: str) -> list[Object]:
    """Return the objects of a manifest; lists are taken apart."""
    found: list[Object] = []
    for document in documents(text):
        if isinstance(document, dict) and document.get("kind"):
            found += document.get("items") or [] if document["kind"] == "List" else [document]
    return found


def release_of(text: str, chart: str, values: dict[str, t.Any]) -> Release:
    """Return the release that "helm template" has rendered, in which only an annotation marks hooks."""
    found = objects(text)
    hooks = [obj for obj in found if "helm.sh/hook" in ((obj.get("metadata") or {}).get("annotations") or {})]
    body = {
        # JSON is YAML.
        "manifest": json.dumps({"kind": "List", "items": [obj for obj in found if obj not in hooks]}),
        "hooks": [{"manifest": json.dumps(obj)} for obj in hooks],
        "chart": {"metadata": documents(chart)[0]},
        "config": values,
    }
    return Release(body)


def title_of(obj: Object) -> str:
    """Return how an object is called in diffs."""
    metadata = obj.get("metadata") or {}
    name = metadata.get("name") or metadata.get("generateName") or ""
    place = metadata.get("namespace")
    return " ".join([str(obj.get("kind")), f"{place}/{name}" if place else name])


def _keyed(found: t.Iterable[Object], namespace: str, prefix: str) -> dict[tuple[str, ...], tuple[str, Object]]:
    """Key objects by what the server knows them by. The namespace of the release is the same as none."""
    keyed: dict[tuple[str, ...], tuple[str, Object]] = {}
    for obj in found:
        metadata = obj.get("metadata") or {}
        place = metadata.get("namespace") or ""
        key = (prefix, obj.get("apiVersion", ""), obj["kind"], "" if place == namespace else place, metadata.get("name") or "")
        keyed[key] = (prefix + title_of(obj), obj)
    return keyed


def contents(release: t.Optional[Release], namespace: str) -> dict[tuple[str, ...], tuple[str, Object]]:
    """Return the objects and hooks of a release by their keys, each with its title."""
    if release is None:
        return {}
    hooks = [obj for hook in release.hooks for obj in objects(hook.get("manifest") or "")]
    return {**_keyed(objects(release.manifest), namespace, ""), **_keyed(hooks, namespace, "hook ")}


def differences(
    before: t.Optional[Release], after: t.Optional[Release], namespace: str, ignore: t.Sequence[t.Mapping[str, t.Any]] = ()
) -> list[Change]:
    """Return the objects that differ between two releases, what the rules in ignore name left out."""
    old, new = contents(before, namespace), contents(after, namespace)
    found = []
    for key in sorted({*old, *new}):
        title = (new.get(key) or old[key])[0]
        pair = [without(side[key][1], ignore) if key in side else None for side in (old, new)]
        if not same(*pair):
            found.append(Change(title, *pair))
    return found


def without(obj: Object, rules: t.Sequence[t.Mapping[str, t.Any]], live: t.Any = None) -> Object:
    """Return an object in which what the rules for its kind and name point at is as in live: left out, where that has none."""
    for rule in rules:
        named = rule.get("name") in (None, "", (obj.get("metadata") or {}).get("name"))
        if rule["kind"] == obj.get("kind") and named:
            steps = [step.replace("~1", "/").replace("~0", "~") for step in rule["path"].strip("/").split("/")]
            obj = _graft(obj, live, steps)
    return obj


def _graft(node: t.Any, live: t.Any, steps: list[str]) -> t.Any:
    """Return a copy of a tree with what a JSON pointer names taken from another tree. A star is every key or position."""
    if isinstance(node, dict):
        source = live if isinstance(live, dict) else {}
        result = dict(node)
        for key in {*node, *source} if steps[0] == "*" else {steps[0]}:
            if len(steps) > 1 and key in node:
                result[key] = _graft(node[key], source.get(key), steps[1:])
            elif len(steps) == 1 and key in source:
                result[key] = source[key]
            elif len(steps) == 1:
                result.pop(key, None)
        return result
    if not isinstance(node, list):
        return node
    source = dict(enumerate(live)) if isinstance(live, list) else {}
    kept = []
    for position, value in enumerate(node):
        if steps[0] not in ("*", str(position)):
            kept.append(value)
        elif len(steps) > 1:
            kept.append(_graft(value, source.get(position), steps[1:]))
        elif position in source:
            kept.append(source[position])
    return kept
