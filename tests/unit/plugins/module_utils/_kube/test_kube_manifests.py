# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What is the same for the API, what holds data, and scalars in YAML files."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._plan import Request
from ansible_collections.campus.moodle.plugins.module_utils._kube.apply import DesiredState
from ansible_collections.campus.moodle.plugins.module_utils._kube.diff import preview
from ansible_collections.campus.moodle.plugins.module_utils._kube.manifests import read_file
from ansible_collections.campus.moodle.plugins.module_utils._kube.objects import holds_data, same
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

Object = dict[str, t.Any]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, True, False),
        (False, 0, False),
        (0.0, False, False),
        (1, 1.0, True),
        (True, True, True),
        ("1", 1, False),
        (None, False, False),
        (None, None, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": True}]}, False),
        ({"a": [{"b": 1}], "c": 2}, {"c": 2.0, "a": [{"b": 1}]}, True),
        ({"a": None}, {}, False),
        ([1, 2], [1], False),
        ({}, [], False),
    ],
)
def test_a_number_is_no_truth(one: t.Any, other: t.Any, equal: bool) -> None:
    assert same(one, other) is same(other, one) is equal


def widget(value: t.Any) -> Object:
    """Return an object whose field may be of any type."""
    return {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}, "spec": {"on": value}}


@pytest.mark.parametrize(("old", "new"), [(1, True), (False, 0)])
def test_a_change_between_a_number_and_a_truth_is_a_change_with_a_difference(old: t.Any, new: t.Any) -> None:
    client = FakeClient()
    client.apply(widget(old))
    assert preview(client, widget(new)).verb == "changed"
    result = DesiredState(t.cast("t.Any", client), [widget(new)], Request()).run(check=True)
    assert [(row["before"]["spec"]["on"], row["after"]["spec"]["on"]) for row in result["diff"]] == [(old, new)]


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "holds"),
    [
        ("v1", "PersistentVolumeClaim", None, True),
        ("postgresql.cnpg.io/v1", "Cluster", {}, True),
        ("cluster.x-k8s.io/v1", "Cluster", {}, False),
        ("apps/v1", "StatefulSet", {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}, True),
        ("apps/v1", "StatefulSet", {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"}}, False),
        ("apps/v1", "StatefulSet", {"persistentVolumeClaimRetentionPolicy": None}, False),
        ("apps/v1", "StatefulSet", None, False),
        ("example.org/v1", "StatefulSet", {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}, False),
        ("postgresql.cnpg.io/v1", "Database", {"databaseReclaimPolicy": "delete"}, True),
        ("postgresql.cnpg.io/v1", "Database", {"databaseReclaimPolicy": "retain"}, False),
        ("postgresql.cnpg.io/v1", "Database", {}, False),
        ("v1", "ConfigMap", {}, False),
    ],
)
def test_what_holds_data_is_known_by_its_kind_and_by_what_it_takes_along(
    api_version: str, kind: str, spec: t.Optional[Object], holds: bool
) -> None:
    assert holds_data({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}) is holds


def test_scalars_are_what_kubectl_takes_them_for(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.yml").write_text("a: [12:30, 1e3, 2026-01-02, 0644, yes, '12', ~, 1.5, =]")
    (found,) = read_file(str(tmp_path / "x.yml"))
    expected = ["12:30", 1000.0, "2026-01-02", 420, True, "12", None, 1.5, "="]
    assert [(value, type(value)) for value in found["a"]] == [(value, type(value)) for value in expected]
