# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Manifests as one desired state where something is not there: a confirmation, a kind, a namespace."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._plan import Request
from ansible_collections.campus.moodle.plugins.module_utils._kube.apply import DesiredState
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.manifests import placed
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

Object = dict[str, t.Any]
LABELS = {"site": "physics"}
NO_NAMESPACE = KubeError('namespaces "new" not found', error="not_found", status=404)


def run(client: FakeClient, *manifests: Object, check: bool = False, **request: t.Any) -> Object:
    """Make manifests true."""
    return DesiredState(t.cast("t.Any", client), placed(t.cast("t.Any", client), manifests, None), Request(**request)).run(check=check)


def obj(api_version: str, kind: str, spec: t.Optional[Object] = None) -> Object:
    """Return a manifest."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "labels": LABELS}, **({"spec": spec} if spec else {})}


CONFIG_MAP = obj("v1", "ConfigMap")
TAKING_DATA_ALONG = [
    obj("apps/v1", "StatefulSet", {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}),
    obj("postgresql.cnpg.io/v1", "Database", {"databaseReclaimPolicy": "delete"}),
]


@pytest.mark.parametrize("live", TAKING_DATA_ALONG)
@pytest.mark.parametrize("check", [True, False])
def test_what_takes_data_along_is_deleted_only_when_it_is_named(live: Object, check: bool) -> None:
    # What the object is, counts, and not what the manifest says of it.
    client, given, name = FakeClient(live), {**live, "spec": {}}, f"{live['kind']}/x"
    with pytest.raises(KubeError, match=f"Deleting {name} loses data") as caught:
        run(client, given, check=check, present=False)
    assert (caught.value.error, client.calls) == ("not_confirmed", [])
    assert run(client, given, check=check, present=False, confirmed=(name,))["changed"]


@pytest.mark.parametrize("live", TAKING_DATA_ALONG)
def test_what_takes_data_along_is_pruned_only_when_it_is_named(live: Object) -> None:
    kinds = (f"{live['apiVersion']}/{live['kind']}",)
    wishes: Object = {"prune_labels": LABELS, "prune_namespace": "default", "prune_kinds": kinds}
    with pytest.raises(KubeError, match="loses data"):
        run(FakeClient(live), CONFIG_MAP, **wishes)
    assert run(FakeClient(live), CONFIG_MAP, confirmed=(f"{live['kind']}/x",), **wishes)["changed"]


def test_an_object_of_a_kind_that_is_not_installed_need_not_be_waited_for() -> None:
    client, widget = FakeClient(CONFIG_MAP), obj("example.org/v1", "Widget")
    for verb in ("get", "list"):
        client.errors[verb, "Widget"] = KubeError("The API server knows no kind Widget.", error="unknown_kind", status=404)
    result = run(client, CONFIG_MAP, widget, present=False, wait_seconds=5)
    assert [(row["kind"], row["change"], row["ready"]) for row in result["resources"]] == [
        ("Widget", "unchanged", True),
        ("ConfigMap", "deleted", True),
    ]


def test_other_errors_while_waiting_for_the_end_are_reported() -> None:
    client = FakeClient(CONFIG_MAP)
    client.errors["list", "ConfigMap"] = KubeError("You may not.", error="forbidden")
    with pytest.raises(KubeError, match=r"You may not\."):
        run(client, CONFIG_MAP, present=False, wait_seconds=5)


def test_in_check_mode_a_namespace_may_come_from_an_earlier_task() -> None:
    client = FakeClient(namespace="new")
    client.errors["apply", "ConfigMap"] = NO_NAMESPACE
    result = run(client, CONFIG_MAP, check=True)
    assert [(row["change"], row["namespace"]) for row in result["resources"]] == [("created", "new")]
    assert result["diff"][0]["after"]["metadata"]["namespace"] == "new"
    assert result["warnings"] == ["There is no namespace new yet, which the manifests need."]
    with pytest.raises(KubeError, match='namespaces "new" not found'):
        run(client, CONFIG_MAP)


def test_in_check_mode_an_object_without_a_namespace_does_not_miss_one() -> None:
    client = FakeClient()
    client.errors["apply", "ClusterRole"] = NO_NAMESPACE
    with pytest.raises(KubeError):
        run(client, obj("rbac.authorization.k8s.io/v1", "ClusterRole"), check=True)
