# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Waiting for one object and for several, on an API server in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.ready import gone, ready
from ansible_collections.campus.moodle.plugins.module_utils._kube.wait import Ref, Selection, diagnose, wait_for, wait_until
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

Object = dict[str, t.Any]
CLAIM = Ref("v1", "PersistentVolumeClaim", "data", "n")


def claim(name: str = "data", phase: str = "Pending") -> Object:
    """Return a claim, whose readiness is one field."""
    metadata = {"name": name, "namespace": "n", "labels": {"site": "physics"}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "status": {"phase": phase}}


def bind(name: str = "data") -> t.Callable[[FakeClient], None]:
    """Return the step of a script that binds a claim."""
    return lambda client: client.set_status("PersistentVolumeClaim", name, phase="Bound")


def deletion(client: FakeClient) -> None:
    """Delete the claim."""
    client.delete("v1", "PersistentVolumeClaim", "data", "n")


def test_waiting_ends_with_the_event_that_makes_it_true() -> None:
    client = FakeClient(claim())
    client.script = [bind("data"), lambda _client: pytest.fail("the wait is over")]
    outcome = wait_until(client, CLAIM, ready, timeout=5)
    assert (outcome.state, outcome.done) == ("done", True)
    assert outcome.object and outcome.object["status"]["phase"] == "Bound"


def test_an_object_may_come_later_and_go() -> None:
    client = FakeClient()
    client.script = [lambda client: client.put(claim(phase="Bound")) and None]
    assert wait_until(client, CLAIM, ready, timeout=5).done
    client.script = [deletion]
    assert wait_until(client, CLAIM, gone, timeout=5) == ("done", "", None, 0.0)


def test_the_last_reason_is_there_when_the_time_is_over() -> None:
    outcome = wait_until(FakeClient(claim()), CLAIM, ready, timeout=0)
    assert (outcome.state, outcome.reason) == ("waiting", "its phase is Pending, not Bound")


def claims(**changes: t.Any) -> Selection:
    """Return claims to wait for."""
    return Selection("v1", "PersistentVolumeClaim", "n", changes.pop("predicate", ready), **changes)


def test_several_names_are_all_waited_for_and_others_do_not_matter() -> None:
    client = FakeClient(claim("a"), claim("b"), claim("other"))
    client.script = [bind("b"), bind("a")]
    report = wait_for(client, claims(names=("a", "b")), timeout=5)
    assert [(row["name"], row["ready"]) for row in report["resources"]] == [("a", True), ("b", True)]


def test_labels_want_at_least_as_many() -> None:
    client = FakeClient(claim("a", "Bound"))
    with pytest.raises(KubeError, match="1 of 2 objects with the labels site=physics exist"):
        wait_for(client, claims(labels="site=physics", at_least=2), timeout=0)
    client.script = [lambda client: client.put(claim("b", "Bound")) and None]
    assert len(wait_for(client, claims(labels="site=physics", at_least=2), timeout=5)["resources"]) == 2


def test_nothing_is_there_is_a_success_only_for_who_wants_that() -> None:
    assert wait_for(FakeClient(), claims(labels="site=physics", predicate=gone), timeout=0)["resources"] == []
    with pytest.raises(KubeError, match="0 of 1 objects"):
        wait_for(FakeClient(), claims(labels="site=physics"), timeout=0)


def test_one_that_fails_ends_the_wait_for_all() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "upgrade", "namespace": "n"}}
    client = FakeClient(job, {**job, "metadata": {"name": "other", "namespace": "n"}})
    failed = [{"type": "Failed", "status": "True", "message": "too often"}]
    client.script = [lambda client: client.set_status("Job", "upgrade", conditions=failed), lambda _client: pytest.fail("too late")]
    with pytest.raises(KubeError, match="This will not get ready: Job n/upgrade: too often") as caught:
        wait_for(client, Selection("batch/v1", "Job", "n", ready, names=("upgrade", "other")), timeout=5)
    assert caught.value.error == "not_ready"


def test_looking_once_reports_and_does_not_fail() -> None:
    report = wait_for(FakeClient(claim()), claims(names=("data",)), timeout=100, once=True)
    assert [(row["ready"], row["reason"]) for row in report["resources"]] == [(False, "its phase is Pending, not Bound")]


def test_a_diagnosis_has_pods_last_words_and_warnings() -> None:
    template = {"selector": {"matchLabels": {"app": "web"}}}
    terminated = {"exitCode": 1}
    statuses = [{"name": "main", "restartCount": 3, "ready": False, "lastState": {"terminated": terminated}}]
    client = FakeClient(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "n"}, "spec": template},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "n", "labels": {"app": "web"}},
            "status": {"containerStatuses": statuses},
        },
        *(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"e{number}", "namespace": "n"},
                "involvedObject": {"kind": "Deployment", "name": "web"},
                "type": "Warning" if number else "Normal",
                "reason": "Quota",
                "message": f"message {number}",
                "lastTimestamp": f"2026-01-01T00:00:0{9 - number}Z",
            }
            for number in range(3)
        ),
    )
    client.texts["web-1"] = "cannot connect\nto the database\n"
    ref = Ref("apps/v1", "Deployment", "web", "n")
    assert diagnose(client, ref) == [
        "Pod web-1: container main ended with exit status 1 (3 restarts)",
        "Pod web-1, container main: cannot connect",
        "Pod web-1, container main: to the database",
        "Event Quota: message 2",
        "Event Quota: message 1",
    ]
    client.errors["list", "Pod"] = KubeError("user x may not list pods.", error="forbidden")
    assert diagnose(client, ref)[0] == "(user x may not list pods.)"
