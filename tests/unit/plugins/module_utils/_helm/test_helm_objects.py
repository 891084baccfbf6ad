# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The objects of a release in the cluster: drift, readiness, CRDs."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm import _crds as _helm_crds
from ansible_collections.campus.moodle.plugins.module_utils._helm import _drift as _helm_drift
from ansible_collections.campus.moodle.plugins.module_utils._helm import _wellbeing
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError, Release
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

CRD = "CustomResourceDefinition"


def release(*objects: dict[str, t.Any], hooks: t.Sequence[dict[str, t.Any]] = ()) -> Release:
    """Return a release with objects; JSON is YAML."""
    return Release({"name": "web", "namespace": "physics", "manifest": "\n---\n".join(map(json.dumps, objects)), "hooks": list(hooks)})


def obj(kind: str, name: str = "web", **parts: t.Any) -> dict[str, t.Any]:
    """Return an object as a chart has it."""
    version = {"Deployment": "apps/v1", "Job": "batch/v1", CRD: "apiextensions.k8s.io/v1"}.get(kind, "v1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **parts}


def cluster(*objects: dict[str, t.Any]) -> FakeClient:
    """Return a cluster in which helm has applied objects."""
    client = FakeClient(namespace="physics")
    for applied in _helm_drift.owned(client, release(*objects)):
        client.apply(applied, field_manager="helm")
    return client


def correct(client: FakeClient, found: t.Iterable[_helm_drift.Drift]) -> None:
    """Apply what differs, as helm_release does."""
    for drift in found:
        client.apply(drift.obj, force=True, field_manager=_helm_drift.MANAGER)


def test_objects_get_their_namespace_and_the_marks_of_the_release() -> None:
    found = _helm_drift.owned(FakeClient(), release(obj("ConfigMap"), obj("Namespace"), {"apiVersion": "v1", "kind": "Pod"}))
    assert [(row["kind"], row["metadata"].get("namespace")) for row in found] == [("ConfigMap", "physics"), ("Namespace", None)]
    assert found[0]["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert found[0]["metadata"]["annotations"] == {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "physics"}


def test_what_helm_has_applied_is_no_drift() -> None:
    desired = obj("ConfigMap", data={"a": "1"})
    assert _helm_drift.find(cluster(desired), release(desired), []) == []


def test_a_changed_object_and_a_missing_one_are_drift() -> None:
    objects = obj("ConfigMap", data={"a": "1"}), obj("ConfigMap", "gone")
    client = cluster(objects[0])
    client.patch("v1", "ConfigMap", "web", {"data": {"a": "2"}}, namespace="physics")
    found = _helm_drift.find(client, release(*objects), [])
    assert [(row.row()["name"], row.reason) for row in found] == [("web", "it was changed"), ("gone", "it does not exist")]
    correct(client, found)
    assert _helm_drift.find(client, release(*objects), []) == []


def test_a_number_in_the_place_of_a_truth_is_drift() -> None:
    desired = obj("Deployment", spec={"paused": True})
    client = cluster(desired)
    client.patch("apps/v1", "Deployment", "web", {"spec": {"paused": 1}}, namespace="physics")
    assert [row.reason for row in _helm_drift.find(client, release(desired), [])] == ["it was changed"]


@pytest.mark.parametrize(("spec", "names"), [({"ttlSecondsAfterFinished": 0}, []), ({}, ["migrate"])])
def test_a_job_that_the_cluster_has_cleaned_up_is_not_run_again(spec: dict[str, t.Any], names: list[str]) -> None:
    found = _helm_drift.find(FakeClient(), release(obj("Job", "migrate", spec=spec)), [])
    assert [row.row()["name"] for row in found] == names


def test_an_ignored_part_is_neither_drift_nor_changed() -> None:
    desired = obj("Deployment", spec={"replicas": 1, "paused": False})
    client = cluster(desired)
    client.patch("apps/v1", "Deployment", "web", {"spec": {"replicas": 5}}, namespace="physics")
    rules = [{"kind": "Deployment", "path": "/spec/replicas"}]
    assert _helm_drift.find(client, release(desired), rules) == []
    client.patch("apps/v1", "Deployment", "web", {"spec": {"paused": True}}, namespace="physics")
    correct(client, _helm_drift.find(client, release(desired), rules))
    live = client.get("apps/v1", "Deployment", "web", "physics")
    assert live and live["spec"] == {"replicas": 5, "paused": False}


def test_an_object_that_the_server_would_not_take_back_is_reported() -> None:
    desired = obj("ConfigMap")
    client = cluster(desired)
    client.errors["apply", "ConfigMap"] = KubeError("field is immutable", error="invalid")
    found = _helm_drift.find(client, release(desired), [])
    assert (found[0].reason, found[0].change) == ("the server refuses what the chart has: field is immutable", None)
    client.errors["apply", "ConfigMap"] = KubeError("no", error="forbidden")
    with pytest.raises(KubeError, match="no"):
        _helm_drift.find(client, release(desired), [])


def test_each_object_is_reported_and_those_that_are_late_are_an_error() -> None:
    objects = obj("ConfigMap"), obj("Deployment", spec={"replicas": 1})
    rows = _wellbeing.wait_for_objects(cluster(*objects), release(*objects), 0)
    assert [(row["kind"], row["ready"]) for row in rows] == [("ConfigMap", True), ("Deployment", False)]
    with pytest.raises(HelmError, match="1 of 2 objects of release web did not get ready in 5 seconds: Deployment web: ") as caught:
        _wellbeing.refuse_late(rows, "web", 5)
    assert caught.value.details["error"] == "timeout"
    _wellbeing.refuse_late(rows[:1], "web", 5)


def test_after_one_object_has_failed_the_others_are_not_waited_for() -> None:
    objects = obj("Job", "first"), obj("Job", "second")
    client = cluster(*objects)
    client.set_status("Job", "first", "physics", conditions=[{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}])
    times = iter([0.0, 0.0, 10.0, 10.0])
    rows = _wellbeing.wait_for_objects(client, release(*objects), 60, clock=lambda: next(times))
    assert [row["reason"] for row in rows] == ["BackoffLimitExceeded", "0 pods succeeded, 0 failed"]


@pytest.mark.parametrize(("spec", "ready"), [({"ttlSecondsAfterFinished": 0}, True), ({}, False)])
def test_a_job_that_the_cluster_has_cleaned_up_is_done(spec: dict[str, t.Any], ready: bool) -> None:
    assert [row["ready"] for row in _wellbeing.states(FakeClient(), release(obj("Job", spec=spec)))] == [ready]


def test_the_diagnosis_names_failed_hooks_and_objects_that_are_late() -> None:
    hooks = [
        {
            "name": "migrate",
            "kind": "Job",
            "manifest": json.dumps(obj("Job", "migrate")),
            "last_run": {"phase": "Failed", "started_at": "2026"},
        },
        {
            "name": "later",
            "kind": "Job",
            "manifest": json.dumps(obj("Job", "later")),
            "last_run": {"phase": "", "started_at": "0001-01-01"},
        },
    ]
    event = {
        **obj("Event", "why"),
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "quota exceeded",
        "involvedObject": {"kind": "Job", "name": "migrate"},
    }
    event["metadata"]["namespace"] = "physics"
    client = cluster(obj("Deployment", spec={}))
    client.put(event)
    lines = _wellbeing.diagnose_release(client, release(obj("Deployment", spec={}), hooks=hooks))
    assert lines[0] == "Hook Job migrate: its last run is Failed."
    assert lines[1].startswith("Deployment web: ")
    assert "Job physics/migrate: Event FailedCreate: quota exceeded" in lines


def crd(*versions: str, stored: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Return a CRD."""
    status = {"storedVersions": list(stored), "conditions": [{"type": "Established", "status": "True"}]} if stored else {}
    return obj(CRD, "widgets", spec={"versions": [{"name": name} for name in versions]}, **({"status": status} if status else {}))


@pytest.mark.parametrize(
    ("live", "desired", "mode", "changes"),
    [
        (None, crd("v1"), "create", 1),
        (crd("v1", stored=["v1"]), crd("v1", "v2"), "create", 0),
        (crd("v1", stored=["v1"]), crd("v1", "v2"), "apply", 1),
        (crd("v1", stored=["v1"]), crd("v1"), "apply", 0),
        (obj(CRD, "widgets", spec={"preserveUnknownFields": 0}), obj(CRD, "widgets", spec={"preserveUnknownFields": False}), "apply", 1),
        (None, obj("ConfigMap"), "apply", 0),
        # The form before v1; a real server refuses it in the dry run.
        (None, obj(CRD, spec={"version": "v1"}), "create", 1),
    ],
)
def test_crds_are_planned_by_mode(live: t.Optional[dict[str, t.Any]], desired: dict[str, t.Any], mode: str, changes: int) -> None:
    client = FakeClient(*([live] if live else []))
    assert len(_helm_crds.plan(client, [json.dumps(desired)], mode)) == changes


def test_a_version_in_which_objects_are_stored_is_not_taken_away() -> None:
    with pytest.raises(HelmError, match="has no version v1 any more, and objects are stored in it") as caught:
        _helm_crds.refuse_lost_versions(crd("v1", "v2", stored=["v1", "v2"]), crd("v2"))
    assert caught.value.details == {"error": "crd_stored_version", "versions": ["v1"]}


def test_a_crd_that_the_server_never_serves_is_an_error() -> None:
    client = FakeClient()
    planned = _helm_crds.plan(client, [json.dumps(crd("v1"))], "create")
    client.apply(planned[0][0])
    with pytest.raises(HelmError, match="the API server does not serve it: it is not established"):
        _helm_crds.await_served(client, planned)
