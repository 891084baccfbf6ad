# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""When an object is ready, for each kind that has rules, and for those that have conditions only."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.ready import (
    field_of,
    gone,
    has_condition,
    has_field,
    is_path,
    pod_problems,
    ready,
)

ALL = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
DAEMONS = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}


def obj(kind: str, status: dict[str, t.Any], spec: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
    """Return an object whose specification was changed once."""
    return {"kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec or {}, "status": status}


def condition(name: str, status: str = "True", **more: t.Any) -> dict[str, t.Any]:
    """Return a status with one condition."""
    return {"conditions": [{"type": name, "status": status, **more}]}


@pytest.mark.parametrize(
    ("kind", "status", "spec", "state", "words"),
    [
        ("Deployment", ALL, {"replicas": 3}, "done", ""),
        ("Deployment", ALL, {"replicas": 0}, "waiting", "3 old pods are still there"),
        ("Deployment", {"observedGeneration": 2}, {"replicas": 0}, "done", ""),
        ("Deployment", {**ALL, "observedGeneration": 1}, {"replicas": 3}, "waiting", "its controller has not seen the change yet"),
        ("Deployment", {}, {"replicas": 3}, "waiting", "its controller has not seen the change yet"),
        ("Deployment", {**ALL, "updatedReplicas": 1}, {"replicas": 3}, "waiting", "1 of 3 pods have the current template"),
        ("Deployment", {**ALL, "readyReplicas": 2}, {"replicas": 3}, "waiting", "2 of 3 pods are ready"),
        ("Deployment", {**ALL, "availableReplicas": 2}, {"replicas": 3}, "waiting", "2 of 3 pods are available"),
        ("Deployment", {**ALL, "replicas": 4}, {"replicas": 3}, "waiting", "1 old pods are still there"),
        (
            "Deployment",
            {**ALL, **condition("Progressing", "False", reason="ProgressDeadlineExceeded")},
            {"replicas": 3},
            "failed",
            "Progress",
        ),
        ("StatefulSet", {**ALL, "updatedReplicas": 1}, {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}, "done", ""),
        ("StatefulSet", {**ALL, "updatedReplicas": 0}, {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}, "done", ""),
        ("StatefulSet", {**ALL, "updatedReplicas": 0}, {"replicas": 3}, "waiting", "0 of 3 pods have the current template"),
        ("ReplicaSet", {**ALL, "updatedReplicas": 0}, {"replicas": 3}, "done", ""),
        ("DaemonSet", DAEMONS, {}, "done", ""),
        ("DaemonSet", {**DAEMONS, "numberAvailable": 1}, {}, "waiting", "1 of 2 pods are available"),
        ("DaemonSet", {**DAEMONS, "updatedNumberScheduled": 0}, {"updateStrategy": {"type": "OnDelete"}}, "done", ""),
        ("DaemonSet", {**DAEMONS, "observedGeneration": 1}, {}, "waiting", "has not seen"),
        ("Pod", {"phase": "Succeeded"}, {}, "done", ""),
        ("Pod", {"phase": "Running", **condition("Ready")}, {}, "done", ""),
        ("Pod", {"phase": "Running", **condition("Ready", "False")}, {}, "waiting", "its phase is Running"),
        ("Pod", {"phase": "Failed", "reason": "Evicted"}, {}, "failed", "Evicted"),
        ("Pod", {"phase": "Pending", **condition("PodScheduled", "False", reason="Unschedulable")}, {}, "waiting", "Unschedulable"),
        ("Job", condition("Complete"), {}, "done", ""),
        ("Job", {}, {"suspend": True}, "done", ""),
        ("Job", condition("Failed", reason="BackoffLimitExceeded"), {}, "failed", "BackoffLimitExceeded"),
        ("Job", {"failed": 2}, {}, "waiting", "0 pods succeeded, 2 failed"),
        ("PersistentVolumeClaim", {"phase": "Bound"}, {}, "done", ""),
        ("PersistentVolumeClaim", {"phase": "Pending"}, {}, "waiting", "its phase is Pending, not Bound"),
        ("Namespace", {"phase": "Terminating"}, {}, "waiting", "its phase is Terminating"),
        ("CustomResourceDefinition", condition("Established"), {}, "done", ""),
        ("CustomResourceDefinition", {}, {}, "waiting", "it is not established"),
        ("CustomResourceDefinition", condition("NamesAccepted", "False", reason="Conflict"), {}, "failed", "Conflict"),
        ("Service", {}, {"type": "ClusterIP"}, "done", ""),
        ("Service", {}, {"type": "LoadBalancer"}, "waiting", "no address of a load balancer"),
        ("Service", {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, {"type": "LoadBalancer"}, "done", ""),
        ("ConfigMap", {}, {}, "done", ""),
        ("Widget", {}, {}, "done", ""),
        ("Widget", condition("Ready"), {}, "done", ""),
        ("Widget", condition("Ready", "False", reason="Later", message="soon"), {}, "waiting", "Later: soon"),
        ("Widget", {"observedGeneration": 1, **condition("Ready")}, {}, "waiting", "has not seen"),
        ("Widget", {"observedGeneration": "1", **condition("Ready")}, {}, "waiting", "has not seen"),
        ("Widget", {"observedGeneration": "2", **condition("Ready")}, {}, "done", ""),
        ("Widget", condition("Ready", observedGeneration=1), {}, "waiting", "its condition Ready is older than its last change"),
        ("Widget", condition("Ready", observedGeneration=2), {}, "done", ""),
        ("Widget", condition("Stalled", message="no quota"), {}, "failed", "no quota"),
        ("Widget", condition("Stalled", observedGeneration=1), {}, "done", ""),
    ],
)
def test_a_kind_has_its_rules(kind: str, status: dict[str, t.Any], spec: dict[str, t.Any], state: str, words: str) -> None:
    verdict = ready(obj(kind, status, spec))
    assert verdict.state == state
    assert words in verdict.reason


REPORTING = [
    ("cert-manager.io/v1", "Certificate"),
    ("cert-manager.io/v1", "ClusterIssuer"),
    ("cert-manager.io/v1", "Issuer"),
    ("postgresql.cnpg.io/v1", "Cluster"),
]


@pytest.mark.parametrize(("api_version", "kind"), REPORTING)
def test_a_kind_that_always_says_whether_it_is_ready_is_not_ready_before_it_does(api_version: str, kind: str) -> None:
    new = {"apiVersion": api_version, **obj(kind, {})}
    assert ready(new) == ("waiting", "it has no condition Ready yet")
    assert ready({**new, "status": condition("Ready", observedGeneration=1)}).state == "waiting"
    assert ready({**new, "status": condition("Ready")}).state == "done"
    assert ready({**new, "apiVersion": "example.org/v1"}).state == "done"


def test_what_is_not_there_or_goes_away_is_not_ready() -> None:
    assert ready(None) == ("waiting", "it does not exist")
    going = obj("ConfigMap", {})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert ready(going) == ("waiting", "it is being deleted")


def test_gone_is_gone_and_finalizers_are_named() -> None:
    assert gone(None).state == "done"
    held = obj("Pod", {})
    assert gone(held).reason == "it still exists"
    held["metadata"]["finalizers"] = ["a.b/c"]
    assert "held by the finalizers a.b/c" in gone(held).reason


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (condition("Available"), "done", ""),
        (condition("Available", observedGeneration=2), "done", ""),
        (condition("Available", observedGeneration=1), "waiting", "older than its last change"),
        ({"observedGeneration": 1, **condition("Available")}, "waiting", "has not seen"),
        (condition("Available", "False", reason="Few"), "waiting", "is False, not True (Few)"),
        ({}, "waiting", "it has no condition Available"),
    ],
)
def test_a_condition_counts_when_it_is_about_the_current_version(status: dict[str, t.Any], state: str, words: str) -> None:
    verdict = has_condition("Available", "True")(obj("Widget", status))
    assert verdict.state == state
    assert words in verdict.reason


THING = {"a": {"b.c/d": "x", "n": 3, "yes": True, "none": None}, "list": [{"ip": "192.0.2.1"}]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.n", "3"),
        (".a.yes", "true"),
        ("list[0].ip", "192.0.2.1"),
        ("a['b.c/d']", "x"),
        ('a["b.c/d"]', "x"),
        ("list[1].ip", None),
        ("a.none", None),
        ("a.n.deeper", None),
        ("list.ip", None),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: str | None) -> None:
    assert is_path(path)
    assert field_of(THING, path) == value


@pytest.mark.parametrize("path", ["", "a[", "list[?(@.a)]", "a..", "list[x]"])
def test_what_is_no_path_is_reported(path: str) -> None:
    assert not is_path(path)


def test_a_field_may_have_a_value_or_any() -> None:
    assert has_field("a.n", "3")(THING).state == has_field("a.n", None)(THING).state == "done"
    assert has_field("a.n", "4")(THING).reason == "its field a.n is 3, not 4"
    assert has_field("a.x", None)(THING).reason == "its field a.x is not set"


def test_the_troubles_of_a_pod_are_found() -> None:
    status = {
        "initContainerStatuses": [{"name": "init", "restartCount": 4, "state": {"terminated": {"exitCode": 1}}}],
        "containerStatuses": [
            {
                "name": "main",
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "restartCount": 2,
                "lastState": {"terminated": {"exitCode": 7}},
            },
            {"name": "side", "state": {"waiting": {"reason": "ContainerCreating"}}},
        ],
        **condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes"),
    }
    assert pod_problems(obj("Pod", status)) == [
        "Unschedulable: 0/3 nodes",
        "container init ended with exit status 1 (4 restarts)",
        "container main waits: CrashLoopBackOff",
        "container main ended with exit status 7 (2 restarts)",
    ]
