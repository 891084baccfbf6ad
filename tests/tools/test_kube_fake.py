# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The API server in memory that unit tests use does what the real one does, as far as they rely on it.

Each row is a conversation: calls of the client, and what comes back of each. It is held with both servers, and both have to give the
same. What only the real one keeps (uids, numbers of versions, other defaults) is not compared.
"""

from __future__ import annotations

import typing as t

import pytest

Object = dict[str, t.Any]
# Verb, and what it gets in addition to the name of an object.
Call = tuple[str, dict[str, t.Any]]

# Stands for the uid or the version that the object had at first.
FIRST = "first"
TEST = {"op": "test", "path": "/metadata/labels/a~1b", "value": "1"}
CONVERSATIONS: dict[str, list[Call]] = {
    "create, and create again": [("create", {"data": {"a": "1"}}), ("create", {"data": {"a": "2"}}), ("get", {})],
    "what is not there": [
        ("get", {}),
        ("patch", {"patch": {"data": {"a": "1"}}}),
        ("delete", {}),
    ],
    "a dry run keeps nothing": [
        ("create", {"data": {"a": "1"}, "dry_run": True}),
        ("apply", {"data": {"a": "1"}, "dry_run": True}),
        ("get", {}),
        ("apply", {"data": {"a": "1"}}),
        ("patch", {"patch": {"data": {"a": "2"}}, "dry_run": True}),
        ("delete", {"dry_run": True}),
        ("get", {}),
    ],
    "a field that is left out goes": [
        ("apply", {"data": {"a": "1", "b": "2"}}),
        ("apply", {"data": {"b": "2", "c": "3"}}),
        ("apply", {"data": {"b": "2", "c": "3"}}),
    ],
    "a field of another manager stays, and is a conflict when it differs": [
        ("apply", {"data": {"a": "1"}, "field_manager": "other"}),
        ("apply", {"data": {"b": "2"}}),
        ("apply", {"data": {"a": "2", "b": "2"}}),
        ("apply", {"data": {"a": "1", "b": "2"}}),
        ("apply", {"data": {"a": "2", "b": "2"}, "force": True}),
        ("apply", {"data": {}, "field_manager": "other"}),
    ],
    "a merge patch sets, removes with null, and adds": [
        ("apply", {"data": {"a": "1", "b": "2"}}),
        ("patch", {"patch": {"data": {"a": None, "c": "3"}}}),
        ("patch", {"patch": {"metadata": {"labels": {"x": "y"}}}}),
    ],
    "a merge patch of an old version is refused": [
        ("apply", {"data": {"a": "1"}}),
        ("patch", {"patch": {"data": {"a": "2"}, "metadata": {"resourceVersion": FIRST}}}),
        ("patch", {"patch": {"data": {"a": "3"}, "metadata": {"resourceVersion": FIRST}}}),
    ],
    "a JSON patch tests, adds, replaces and removes": [
        ("apply", {"data": {"c": "2"}, "metadata": {"labels": {"a/b": "1"}}}),
        ("patch", {"style": "json", "patch": [TEST, {"op": "remove", "path": "/metadata/labels/a~1b"}]}),
        ("patch", {"style": "json", "patch": [{"op": "replace", "path": "/data/c", "value": "3"}]}),
        ("patch", {"style": "json", "patch": [{"op": "add", "path": "/data/d", "value": "4"}]}),
        ("patch", {"style": "json", "patch": [{"op": "test", "path": "/data/c", "value": "9"}, {"op": "remove", "path": "/data/c"}]}),
        ("get", {}),
    ],
    "only the very object is deleted": [
        ("apply", {"data": {"a": "1"}}),
        ("delete", {"uid": "00000000-0000-0000-0000-000000000000"}),
        ("delete", {"uid": FIRST}),
        ("get", {}),
    ],
    "a finalizer holds what is deleted": [
        ("apply", {"data": {}, "metadata": {"finalizers": ["example.edu/hold"]}}),
        ("delete", {}),
        ("get", {}),
        ("patch", {"patch": {"metadata": {"finalizers": None}}}),
        ("get", {}),
    ],
}
SELECTORS = ["", "a=1", "a!=1", "a", "!a", "a=1,b=2", "a,!b"]


def comparable(result: t.Any) -> t.Any:
    """Return what both servers have to agree on."""
    if not isinstance(result, dict):
        return result
    metadata = result["metadata"]
    kept = {name: metadata[name] for name in ("labels", "finalizers") if metadata.get(name)}
    return {"data": result.get("data") or {}, "goes": "deletionTimestamp" in metadata, **kept}


def call(client: t.Any, namespace: str, verb: str, options: dict[str, t.Any], first: Object) -> t.Any:
    """Make one call and return what comes back; of an error its word."""
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

    obj = {"apiVersion": "v1", "kind": "ConfigMap", "data": options.pop("data", {})}
    obj["metadata"] = {"name": "x", "namespace": namespace, **options.pop("metadata", {})}
    name = ("v1", "ConfigMap", "x")
    try:
        if verb in ("create", "apply"):
            return getattr(client, verb)(obj, **options)
        if verb == "patch":
            patch = options.pop("patch")
            if FIRST in str(patch):
                patch = {**patch, "metadata": {"resourceVersion": first["resourceVersion"]}}
            return client.patch(*name, patch, namespace=namespace, **options)
        if options.get("uid") == FIRST:
            options["uid"] = first["uid"]
        return getattr(client, verb)(*name, namespace, **options)
    except KubeError as error:
        return error.error


def hold(client: t.Any, namespace: str, conversation: list[Call]) -> list[t.Any]:
    """Make the calls of a conversation and return what comes back."""
    answers: list[t.Any] = []
    for verb, options in conversation:
        first = next((answer["metadata"] for answer in answers if isinstance(answer, dict)), {})
        answers.append(call(client, namespace, verb, {**options}, first))
    return [comparable(answer) for answer in answers]


@pytest.fixture
def fake() -> t.Any:
    """The server in memory."""
    from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

    return FakeClient()


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_both_servers_hold_the_same_conversation(kube: t.Any, fake: t.Any, namespace: str, name: str) -> None:
    assert hold(fake, namespace, CONVERSATIONS[name]) == hold(kube, namespace, CONVERSATIONS[name])


def test_both_servers_select_the_same_objects(kube: t.Any, fake: t.Any, namespace: str) -> None:
    for number, labels in enumerate(({"a": "1"}, {"a": "2"}, {"a": "1", "b": "2"}, {"b": "2"})):
        metadata = {"name": f"x{number}", "namespace": namespace, "labels": labels}
        for client in (kube, fake):
            client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    for selector in SELECTORS:
        found = [
            # The real server puts the authorities of the cluster into each namespace, if a controller runs.
            [row["metadata"]["name"] for row in client.list("v1", "ConfigMap", namespace, labels=selector or None)]
            for client in (kube, fake)
        ]
        assert found[0] == found[1], selector
