# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""kube_wait, and watching, against a real API server. No controller runs there, so the tests set the status themselves."""

from __future__ import annotations

import concurrent.futures
import functools
import ssl
import typing as t
import urllib.request

import pytest

Object = dict[str, t.Any]
READY = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}


@pytest.fixture
def connection(api_server: t.Any, namespace: str) -> Object:
    """The options that every task here has. The limit is for a failing test, no test waits for it."""
    return {"kubeconfig": api_server.kubeconfig, "namespace": namespace, "timeout": 60}


@pytest.fixture
def deployment(kube: t.Any, namespace: str) -> t.Callable[..., None]:
    """deployment(name, **status) makes a deployment, or sets the status of the one that is there."""

    def put(name: str = "web", **status: t.Any) -> None:
        labels = {"app": name, "site": "physics"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "example.edu/web:1"}]}}
        spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
        if status:
            kube.patch("apps/v1", "Deployment", name, {"status": status}, namespace=namespace, subresource="status")

    return put


def watches(api_server: t.Any, plural: str) -> int:
    """Return how many watches the API server serves, from its own metrics."""
    asked = urllib.request.Request(f"{api_server.url}/metrics", headers={"Authorization": f"Bearer {api_server.admin_token}"})
    with urllib.request.urlopen(asked, timeout=30, context=ssl.create_default_context(cafile=api_server.ca_file)) as answer:
        lines = [line.decode() for line in answer]
    wanted = ("apiserver_longrunning_requests{", f'resource="{plural}"', 'verb="WATCH"')
    return sum(int(float(line.split()[-1])) for line in lines if all(word in line for word in wanted))


def while_waiting(run_module: t.Any, api_server: t.Any, args: Object, plural: str, release: t.Callable[[], t.Any]) -> Object:
    """Run kube_wait, and release it only when the API server says that somebody watches."""
    before = watches(api_server, plural)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(run_module, "kube_wait", args)
        while watches(api_server, plural) <= before and not waiting.done():
            pass
        assert not waiting.done(), waiting.result()
        release()
        result: Object = waiting.result()
    return result


def test_what_is_ready_is_not_waited_for(run_module: t.Any, connection: Object, deployment: t.Any) -> None:
    deployment("web", **READY)
    deployment("cron", **READY)
    result = run_module("kube_wait", {**connection, "api_version": "apps/v1", "kind": "Deployment", "names": ["web", "cron"]})
    assert not result["failed"] and not result["changed"]
    assert [(row["name"], row["ready"]) for row in result["resources"]] == [("web", True), ("cron", True)]


def test_a_change_of_the_status_ends_the_wait(run_module: t.Any, api_server: t.Any, connection: Object, deployment: t.Any) -> None:
    deployment()
    args = {**connection, "api_version": "apps/v1", "kind": "Deployment", "label_selector": "site=physics"}
    result = while_waiting(run_module, api_server, args, "deployments", lambda: deployment(**READY))
    assert not result["failed"], result
    assert result["seconds"] < 60


def test_a_deletion_ends_the_wait(run_module: t.Any, api_server: t.Any, connection: Object, kube: t.Any, deployment: t.Any) -> None:
    deployment()
    args = {**connection, "api_version": "apps/v1", "kind": "Deployment", "names": ["web"], "gone": True}
    removal = functools.partial(kube.delete, "apps/v1", "Deployment", "web", connection["namespace"])
    assert not while_waiting(run_module, api_server, args, "deployments", removal)["failed"]
    by_label = {**{name: value for name, value in args.items() if name != "names"}, "label_selector": "site=physics"}
    assert not run_module("kube_wait", by_label)["failed"]


def test_a_condition_and_a_field_are_waited_for(run_module: t.Any, connection: Object, deployment: t.Any) -> None:
    condition = {"type": "Available", "status": "True", "reason": "Enough", "message": "enough"}
    deployment(**READY, conditions=[condition])
    args = {**connection, "api_version": "apps/v1", "kind": "Deployment", "names": ["web"]}
    for what in (
        {"condition": {"type": "Available"}},
        {"field": {"path": "status.readyReplicas", "value": "1"}},
        {"field": {"path": "spec.template.spec.containers[0].image", "value": "example.edu/web:1"}},
        {"field": {"path": "metadata.labels['site']"}},
    ):
        assert not run_module("kube_wait", {**args, **what})["failed"], what


def test_an_exceeded_deadline_fails_at_once(run_module: t.Any, connection: Object, deployment: t.Any) -> None:
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "no progress"}
    deployment(observedGeneration=1, conditions=[condition])
    result = run_module("kube_wait", {**connection, "api_version": "apps/v1", "kind": "Deployment", "names": ["web"]})
    assert (result["error"], result["failed"]) == ("not_ready", True)
    assert "no progress" in result["msg"]


def test_the_end_of_the_time_comes_with_what_the_cluster_knows(
    run_module: t.Any, connection: Object, kube: t.Any, deployment: t.Any, namespace: str
) -> None:
    deployment(**{**READY, "readyReplicas": 0, "availableReplicas": 0})
    labels = {"app": "web"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": namespace, "labels": labels}}
    kube.create({**pod, "spec": {"containers": [{"name": "main", "image": "example.edu/web:1"}]}})
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    row = {"name": "main", "image": "x", "imageID": "", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    kube.patch("v1", "Pod", "web-1", {"status": {"containerStatuses": [row]}}, namespace=namespace, subresource="status")
    involved = {"kind": "Deployment", "name": "web", "namespace": namespace, "apiVersion": "apps/v1"}
    event = {"involvedObject": involved, "type": "Warning", "reason": "Quota", "message": "too many pods"}
    kube.create({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": namespace}, **event})
    result = run_module("kube_wait", {**connection, "api_version": "apps/v1", "kind": "Deployment", "names": ["web"], "timeout": 1})
    assert (result["error"], result["timed_out"]) == ("timeout", True)
    assert f"Deployment {namespace}/web: 0 of 1 pods are ready" in result["msg"]
    assert result["diagnosis"] == ["Pod web-1: container main waits: ImagePullBackOff: no such image", "Event Quota: too many pods"]


def test_too_few_objects_are_no_success(run_module: t.Any, connection: Object, deployment: t.Any) -> None:
    deployment("web", **READY)
    args = {**connection, "api_version": "apps/v1", "kind": "Deployment", "label_selector": "site=physics", "at_least": 2, "timeout": 1}
    assert "1 of 2 objects with the labels site=physics exist" in run_module("kube_wait", args)["msg"]


def test_check_mode_looks_once(run_module: t.Any, connection: Object) -> None:
    result = run_module("kube_wait", {**connection, "kind": "ConfigMap", "names": ["later"]}, check=True)
    assert not result["failed"]
    assert [(row["ready"], row["reason"]) for row in result["resources"]] == [(False, "it does not exist")]


def test_a_path_that_cannot_be_read_is_refused(run_module: t.Any, connection: Object) -> None:
    result = run_module("kube_wait", {**connection, "kind": "Pod", "names": ["x"], "field": {"path": "status.items[?(@.a)]"}})
    assert result["error"] == "bad_path"


def test_a_watch_with_ticks_is_one_request(kube: t.Any, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("pages", "events"):
        real = getattr(kube._requests, name)
        monkeypatch.setattr(kube._requests, name, lambda *words, name=name, real=real, **more: asked.append(name) or real(*words, **more))
    events = kube.watch("v1", "ConfigMap", namespace, name="late", timeout=60, tick=0.1)
    assert [next(events)[0] for _ in range(3)] == ["TICK"] * 3
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late", "namespace": namespace}})
    assert next(event for event, _obj in events if event != "TICK") == "ADDED"
    assert next(events)[0] == "TICK"
    assert asked == ["pages", "events"]


def test_a_watch_lists_anew_when_the_server_has_forgotten(
    kube: t.Any, cnpg_crds: t.Any, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api_version, kind = "postgresql.cnpg.io/v1", "ImageCatalog"
    image = {"major": 17, "image": "example.edu/postgresql:17"}
    kube.create({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": namespace}, "spec": {"images": [image]}})
    real, asked = kube._requests.events, []

    def first_too_old(path: str, attempt: str, query: t.Mapping[str, str], *more: t.Any) -> t.Iterator[tuple[str, Object]]:
        asked.append(query["resourceVersion"])
        # The history of this kind begins when it was installed, so the server answers this version with status 410.
        return real(path, attempt, {**query, "resourceVersion": "1"} if len(asked) == 1 else query, *more)

    monkeypatch.setattr(kube._requests, "events", first_too_old)
    events = kube.watch(api_version, kind, namespace, timeout=60)
    assert next(events)[0] == "ADDED"
    kube.delete(api_version, kind, "a", namespace)
    # Without a new list, this event would never come.
    event, obj = next(events)
    assert (event, obj["metadata"]["name"]) == ("DELETED", "a")


def test_every_example_runs(
    run_play: t.Any, examples_of: t.Any, api_server: t.Any, kube: t.Any, cnpg_crds: t.Any, namespace: str, deployment: t.Any
) -> None:
    for name in ("web", "cron"):
        deployment(name, **READY)
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "database", "namespace": namespace}}
    kube.apply({**cluster, "spec": {"instances": 1, "storage": {"size": "1Gi"}}})
    condition = {
        "type": "LastBackupSucceeded",
        "status": "True",
        "reason": "Ok",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    kube.patch(
        cluster["apiVersion"], "Cluster", "database", {"status": {"conditions": [condition]}}, namespace=namespace, subresource="status"
    )
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "moodledata", "namespace": namespace}}
    kube.apply({**claim, "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}})
    kube.patch("v1", "PersistentVolumeClaim", "moodledata", {"status": {"phase": "Bound"}}, namespace=namespace, subresource="status")
    played = run_play(examples_of("kube_wait"), variables={"namespace": namespace}, environ=api_server.environ)
    assert played.rc == 0, played.output
