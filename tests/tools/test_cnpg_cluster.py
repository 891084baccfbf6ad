# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_cluster with CloudNativePG's real definitions on a real API server.

No operator runs: where a test needs one, it writes the status that the operator would write. The cluster tier repeats this with
an operator. Its webhooks are missing as well, so what is refused here is refused by the module or by the schema.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import API, HEALTHY, Stage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.pods import pods_in_front_of

IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm"
BASE = {
    "name": "moodle",
    "instances": 3,
    "image": IMAGE,
    "storage": {"size": "20Gi"},
    "synchronous": {"number": 1},
    "parameters": {"max_connections": 200, "jit": False},
    "bootstrap": {"initdb": {"database": "moodle", "owner": "moodle"}},
}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """An empty namespace."""
    return Stage(api_server, kube, run_module, namespace)


def given(stage: Stage, **status: t.Any) -> None:
    """Put the cluster there as the module would, without the time that a process takes."""
    spec = {
        "instances": 3,
        "imageName": IMAGE,
        "storage": {"size": "20Gi"},
        "postgresql": {
            "synchronous": {"method": "any", "number": 1},
            "parameters": {"max_connections": "200", "jit": "off"},
        },
        "bootstrap": {"initdb": {"database": "moodle", "owner": "moodle"}},
    }
    stage.kube.apply({"apiVersion": API, "kind": "Cluster", "metadata": {"name": "moodle", "namespace": stage.namespace}, "spec": spec})
    if status:
        answer(stage, **status)


def answer(stage: Stage, **status: t.Any) -> None:
    """Write a status as the operator would, until the server notes it as later than the definition, to the second."""
    times = {"": "", "status": ""}
    while times["status"] <= times[""]:
        stage.set_status("Cluster", "moodle", timelineID=0)
        obj = stage.set_status("Cluster", "moodle", **{"timelineID": 1, **status})
        for row in obj["metadata"]["managedFields"]:
            part = row.get("subresource", "")
            times[part] = max(times[part], row["time"])


def present(stage: Stage, **more: t.Any) -> dict[str, t.Any]:
    """Apply the cluster without waiting."""
    return stage.run("cnpg_cluster", **{**BASE, "wait": "none", **more})


def live(stage: Stage) -> dict[str, t.Any]:
    """Return the cluster as it is."""
    found = stage.get("Cluster", "moodle")
    assert found is not None
    return found


def healthy(**more: t.Any) -> dict[str, t.Any]:
    """Return the status of a healthy cluster with the image of the tests."""
    return {**Stage.healthy("moodle"), "image": IMAGE, "pgDataImageInfo": {"image": IMAGE, "majorVersion": 17}, **more}


# --- the definition


def test_a_cluster_is_made_changed_and_left_alone(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "wait": "none", **BASE}
    made = four_beats("cnpg_cluster", args)
    assert made.do["diff"]["before"] == {}
    assert made.do["connection"]["host"] == f"moodle-rw.{stage.namespace}.svc"
    assert made.do["connection"]["secret_names"]["application"] == "moodle-app"
    assert live(stage)["spec"]["postgresql"]["parameters"] == {"max_connections": "200", "jit": "off"}
    changed = four_beats("cnpg_cluster", {**args, "parameters": {"max_connections": 300}})
    assert changed.do["diff"]["after"]["spec"]["postgresql"]["parameters"] == {"max_connections": "300"}
    # What the task no longer names is gone, and what the schema fills in by itself stays.
    assert live(stage)["spec"]["postgresql"]["parameters"] == {"max_connections": "300"}
    assert live(stage)["spec"]["smartShutdownTimeout"] == 180
    # The bootstrap may be left out later.
    later = {name: value for name, value in args.items() if name != "bootstrap"}
    assert not stage.run("cnpg_cluster", **{**later, "parameters": {"max_connections": 300}})["changed"]
    assert live(stage)["spec"]["bootstrap"] == BASE["bootstrap"]


def test_a_status_that_moved_is_no_change(stage: Stage) -> None:
    given(stage, **healthy())
    result = present(stage)
    assert (result["changed"], result["cluster"]["phase"], result["cluster"]["major_version"]) == (False, HEALTHY, 17)


def test_what_others_set_stays_until_it_is_taken_over(stage: Stage) -> None:
    given(stage)
    other = {"apiVersion": API, "kind": "Cluster", "metadata": {"name": "moodle", "namespace": stage.namespace}, "spec": {"stopDelay": 60}}
    stage.kube.apply(other, field_manager="somebody", force=True)
    assert not present(stage)["changed"]
    assert live(stage)["spec"]["stopDelay"] == 60
    refused = present(stage, spec={"stopDelay": 30})
    assert (refused["failed"], refused["error"]) == (True, "conflict")
    assert ".spec.stopDelay (set by somebody)" in refused["msg"]
    assert present(stage, spec={"stopDelay": 30}, force_conflicts=True)["changed"]
    assert live(stage)["spec"]["stopDelay"] == 30


def test_in_check_mode_the_namespace_may_still_be_missing(stage: Stage) -> None:
    stage.namespace = "not-there-yet"
    predicted = stage.run("cnpg_cluster", check=True, **BASE)
    assert (predicted["failed"], predicted["changed"]) == (False, True)
    assert predicted["diff"]["after"]["metadata"]["namespace"] == "not-there-yet"
    refused = present(stage)
    assert (refused["failed"], refused["error"]) == (True, "not_found")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"spec": {"shutdownTimeout": 1}}, "invalid", "the API knows no field spec.shutdownTimeout"),
        ({"plugins": [{"name": "a", "enable": True}]}, "invalid", "enable"),
        ({"spec": {"instances": 2}}, "given_twice", "The field spec.instances is given twice"),
        ({"bootstrap": {"initdb": {"database": "other"}}}, "immutable", "The field spec.bootstrap.initdb.database of Cluster moodle"),
        ({"bootstrap": {"recovery": {"source": "a"}}}, "immutable", "The field spec.bootstrap.initdb of Cluster moodle"),
        ({"storage": {"size": "20Gi", "storage_class": "fast"}}, "immutable", "The field spec.storage.storageClass"),
        ({"storage": {"size": "10Gi"}}, "shrink", "cannot shrink: spec.storage.size is 20Gi and would be 10Gi"),
        ({"storage": {"size": "20GB"}}, "invalid", "The size 20GB is not a valid amount"),
        ({"instances": 1}, "shrink", "Set allow_shrink to true"),
        ({"image": "postgresql:18.1"}, "major_upgrade", "from PostgreSQL 17 to 18"),
        ({"image": "postgresql:16.1", "allow_major_upgrade": True}, "downgrade", "cannot become PostgreSQL 16"),
        ({"spec": {"logLevel": "loud"}}, "invalid", "spec.logLevel"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(stage: Stage, change: dict[str, t.Any], error: str, said: str) -> None:
    given(stage)
    before = live(stage)
    result = present(stage, **change)
    assert (result["failed"], result["error"]) == (True, error), result
    assert said in result["msg"]
    assert "\n" not in result["msg"]
    assert live(stage) == before


def test_what_was_allowed_goes_through_with_a_warning(stage: Stage) -> None:
    given(stage, **healthy())
    result = present(stage, image="postgresql:18.1", instances=1, allow_major_upgrade=True, allow_shrink=True)
    assert result["changed"]
    assert "Take a base backup when it is done" in str(result["warnings"])
    assert live(stage)["spec"]["imageName"] == "postgresql:18.1"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kubeconfig": "/nonexistent"}, "bad_kubeconfig"),
        ({"kubeconfig": None, "host": "https://127.0.0.1:1", "api_timeout": 1}, "unreachable"),
        ({"context": "elsewhere"}, "no_context"),
        ({"api_key": "expired"}, "unauthorized"),
    ],
)
def test_an_api_that_cannot_be_asked_is_one_sentence(stage: Stage, change: dict[str, t.Any], error: str) -> None:
    result = present(stage, **change)
    assert (result["failed"], result.get("error")) == (True, error), result
    assert "\n" not in result["msg"]


def test_a_user_who_may_only_read_is_refused_by_name_of_the_right(stage: Stage, api_server: ApiServer) -> None:
    result = present(stage, kubeconfig=api_server.kubeconfig_for("viewer"))
    assert (result["failed"], result["error"]) == (True, "forbidden")
    assert "user viewer may not patch clusters.postgresql.cnpg.io" in result["msg"]


# --- waiting (the test is the operator)


def test_a_healthy_status_from_before_the_change_is_not_taken_for_its_success(stage: Stage) -> None:
    given(stage, **healthy())
    with stage.running("cnpg_cluster", **{**BASE, "parameters": {"max_connections": 300}, "stable_for": 0}) as module:
        stage.until("Cluster", "moodle", lambda obj: obj["spec"]["postgresql"]["parameters"]["max_connections"] == "300")
        assert not module.done()
        stage.set_status("Cluster", "moodle", phase="Applying configuration")
        assert not module.done()
        stage.set_status("Cluster", "moodle", phase=HEALTHY)
        result = module.result()
    assert (result["failed"], result["changed"], result["cluster"]["ready"]) == (False, True, True)


def test_a_new_cluster_is_waited_for_until_all_instances_are_there(stage: Stage) -> None:
    with stage.running("cnpg_cluster", **{**BASE, "stable_for": 0}) as module:
        stage.until("Cluster", "moodle", lambda obj: True)
        stage.set_status("Cluster", "moodle", **{**healthy(), "phase": "Setting up primary", "readyInstances": 0, "conditions": []})
        stage.set_status("Cluster", "moodle", **{**healthy(), "readyInstances": 2})
        assert not module.done()
        stage.set_status("Cluster", "moodle", **healthy())
        assert module.result()["cluster"]["ready_instances"] == 3


def test_a_status_from_before_the_change_of_an_earlier_task_does_not_count_either(stage: Stage) -> None:
    """The first task does not wait, and so the second one sees no change of its own."""
    given(stage, **healthy())
    present(stage, spec={"stopDelay": 60})
    stale = stage.run("cnpg_cluster", **BASE, spec={"stopDelay": 60}, wait_timeout=0)
    assert (stale["failed"], stale["error"], stale["changed"]) == (True, "timeout", False)
    assert "The operator has not answered to the change yet" in stale["msg"]
    answer(stage, **healthy())
    assert not stage.run("cnpg_cluster", **BASE, spec={"stopDelay": 60}, wait_timeout=0)["failed"]


def test_without_a_change_a_healthy_cluster_is_not_waited_for(stage: Stage) -> None:
    given(stage, **healthy())
    result = stage.run("cnpg_cluster", **BASE, wait_timeout=0)
    assert (result["failed"], result["changed"], result["cluster"]["phase"]) == (False, False, HEALTHY)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            {"phase": "Waiting for user action", "phaseReason": "A switchover is required"},
            "Waiting for user action: A switchover is required.",
        ),
        ({"phase": "Invalid cluster definition", "phaseReason": "no such GUC"}, "Invalid cluster definition: no such GUC."),
    ],
)
def test_a_phase_that_does_not_end_by_itself_ends_the_wait(stage: Stage, status: dict[str, str], reason: str) -> None:
    given(stage, **{**healthy(), **status})
    result = stage.run("cnpg_cluster", **BASE)
    assert (result["failed"], result["error"], result["changed"], result["reason"]) == (True, "failed", False, reason)


def test_a_failed_bootstrap_job_ends_the_wait(stage: Stage) -> None:
    given(stage, phase="Setting up primary", instances=0)
    labels = {"cnpg.io/cluster": "moodle", "cnpg.io/jobRole": "initdb"}
    containers = [{"name": "initdb", "image": "registry.invalid/postgresql:17"}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "moodle-1-initdb", "labels": labels},
        "spec": {"template": template},
    }
    since = "2026-11-01T00:00:00Z"
    ended = [
        {"type": name, "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        for name in ("FailureTarget", "Failed")
    ]
    stage.create(job, {"conditions": ended, "startTime": since, "failed": 1, "ready": 0})
    result = stage.run("cnpg_cluster", **BASE)
    assert (result["failed"], result["error"]) == (True, "failed")
    assert "Job moodle-1-initdb failed: BackoffLimitExceeded" in result["msg"]


def test_a_wait_that_takes_too_long_says_what_is_missing_and_what_pods_say(stage: Stage) -> None:
    given(stage, **{**healthy(), "phase": "Creating a new replica", "readyInstances": 2})
    stage.pod("moodle-3", of="moodle", ready=False)
    no_node = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
    stage.set_status("Pod", "moodle-3", conditions=[no_node])
    result = stage.run("cnpg_cluster", **BASE, wait_timeout=0)
    assert (result["failed"], result["error"]) == (True, "timeout")
    assert "is not as it should be after 0 seconds: Creating a new replica. 2 of 3 instances are ready." in result["msg"]
    assert [line for line in result["diagnosis"] if "0/3 nodes are available" in line]


def test_settings_that_wait_for_a_restart_are_asked_of_the_primary(stage: Stage, api_server: ApiServer) -> None:
    given(stage, **healthy())
    with pods_in_front_of(api_server) as pods:
        pods.pages["moodle-1"] = {"isPrimary": True, "pendingRestart": True}
        assert stage.run("cnpg_cluster", **BASE, kubeconfig=pods.kubeconfig)["pending_restart"] is True
    assert stage.run("cnpg_cluster", **BASE)["pending_restart"] is None


# --- restart and reload


@pytest.mark.parametrize(("state", "annotation"), [("restarted", "kubectl.kubernetes.io/restartedAt"), ("reloaded", "cnpg.io/reloadedAt")])
def test_an_action_with_a_key_is_carried_out_once(
    stage: Stage, four_beats: t.Callable[..., FourBeats], state: str, annotation: str
) -> None:
    given(stage)
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "name": "moodle", "state": state, "wait": "none"}
    four_beats("cnpg_cluster", {**args, "action_key": "first"})
    stamp = live(stage)["metadata"]["annotations"][annotation]
    assert stamp.endswith("Z")
    assert stage.run("cnpg_cluster", **{**args, "action_key": "second"})["changed"]
    assert stage.run("cnpg_cluster", **args)["changed"]
    assert stage.run("cnpg_cluster", **args)["changed"]
    # The definition does not own the annotation and leaves it alone.
    assert not present(stage)["changed"]
    assert annotation in live(stage)["metadata"]["annotations"]


def test_a_restart_is_over_when_each_instance_carries_it(stage: Stage) -> None:
    given(stage, **healthy())
    for number in (1, 2, 3):
        stage.pod(f"moodle-{number}", of="moodle")
    with stage.running("cnpg_cluster", name="moodle", state="restarted", stable_for=0) as module:
        found = stage.until("Cluster", "moodle", lambda obj: "annotations" in obj["metadata"])
        stamp = {"metadata": {"annotations": found["metadata"]["annotations"]}}
        stage.set_status("Cluster", "moodle", phase="Upgrading cluster")
        for number in (2, 3):
            stage.patch("Pod", f"moodle-{number}", stamp)
        stage.set_status("Cluster", "moodle", phase=HEALTHY)
        assert not module.done()
        stage.patch("Pod", "moodle-1", stamp)
        result = module.result()
    assert (result["failed"], result["changed"]) == (False, True), result


def test_a_cluster_that_is_not_there_cannot_be_restarted(stage: Stage) -> None:
    result = stage.run("cnpg_cluster", name="moodle", state="restarted")
    assert (result["failed"], result["error"]) == (True, "not_found")


# --- deletion


def test_a_cluster_is_deleted_only_with_its_name_as_confirmation(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    given(stage)
    for check, wrong in ((True, None), (False, "other")):
        result = stage.run("cnpg_cluster", check=check, name="moodle", state="absent", confirm_delete=wrong)
        assert (result["failed"], result["error"]) == (True, "not_confirmed")
        assert "with all databases as well. Set confirm_delete to moodle" in result["msg"]
    assert "deletionTimestamp" not in live(stage)["metadata"]
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "name": "moodle", "state": "absent"}
    beats = four_beats("cnpg_cluster", {**args, "confirm_delete": "moodle"})
    assert beats.do["diff"]["after"] == {}
    assert stage.get("Cluster", "moodle") is None
    # Nothing to confirm when nothing is there.
    assert not stage.run("cnpg_cluster", name="moodle", state="absent")["failed"]


def claim(name: str, owner: dict[str, t.Any], of: str = "moodle") -> dict[str, t.Any]:
    """Return a volume claim of an instance, as the operator makes it."""
    reference = {"apiVersion": API, "kind": "Cluster", "name": of, "uid": owner["metadata"]["uid"], "controller": True}
    labels = {"cnpg.io/cluster": of, "cnpg.io/instanceName": name}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": name, "labels": labels, "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def test_volumes_that_are_kept_lose_their_owner_before_the_cluster_goes(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    """No controller collects garbage here, so the proof is that nothing is left to collect."""
    given(stage)
    for name in ("moodle-1", "moodle-2"):
        stage.create(claim(name, live(stage)))
    args = {"name": "moodle", "state": "absent", "confirm_delete": "moodle", "keep_pvcs": True}
    before = stage.get("PersistentVolumeClaim", "moodle-1")
    assert stage.run("cnpg_cluster", check=True, **args)["kept_volumes"] == ["moodle-1", "moodle-2"]
    assert stage.get("PersistentVolumeClaim", "moodle-1") == before
    beats = four_beats("cnpg_cluster", {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, **args})
    assert [beat["kept_volumes"] for beat in beats] == [["moodle-1", "moodle-2"], ["moodle-1", "moodle-2"], [], []]
    for name in ("moodle-1", "moodle-2"):
        metadata = stage.get("PersistentVolumeClaim", name)["metadata"]
        assert "ownerReferences" not in metadata
        assert metadata["annotations"]["cnpg.io/pvcStatus"] == "detached"
    assert stage.get("Cluster", "moodle") is None


def test_a_deletion_that_stops_half_way_says_what_was_done(stage: Stage) -> None:
    """The user may put the operator to sleep and may not change volumes."""
    given(stage)
    stage.create(claim("moodle-1", live(stage)))
    rules = [{"apiGroups": ["", "postgresql.cnpg.io"], "resources": ["persistentvolumeclaims", "clusters"], "verbs": ["get", "list"]}]
    rules.append({"apiGroups": ["postgresql.cnpg.io"], "resources": ["clusters"], "verbs": ["patch", "delete"]})
    rbac, subject = "/apis/rbac.authorization.k8s.io/v1", {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}
    place = f"{rbac}/namespaces/{stage.namespace}"
    stage.server.request("POST", f"{place}/roles", {"metadata": {"name": "half"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "half"}
    stage.server.request("POST", f"{place}/rolebindings", {"metadata": {"name": "half"}, "roleRef": reference, "subjects": [subject]})
    args = {"name": "moodle", "state": "absent", "confirm_delete": "moodle", "keep_pvcs": True}
    result = stage.run("cnpg_cluster", **args, kubeconfig=stage.server.kubeconfig_for("viewer"))
    assert (result["failed"], result["error"], result["changed"]) == (True, "forbidden", True)
    assert "was not deleted, but the operator leaves it alone from now on" in result["msg"]
    assert live(stage)["metadata"]["annotations"]["cnpg.io/reconciliationLoop"] == "disabled"
    assert stage.run("cnpg_cluster", **args)["kept_volumes"] == ["moodle-1"]


def test_a_deletion_is_waited_for_until_the_pods_are_gone(stage: Stage) -> None:
    given(stage)
    stage.pod("moodle-1", of="moodle")
    with stage.running("cnpg_cluster", name="moodle", state="absent", confirm_delete="moodle") as module:
        for event, _obj in stage.kube.watch(API, "Cluster", stage.namespace, name="moodle", timeout=60):
            if event == "DELETED":
                break
        assert not module.done()
        stage.server.request("DELETE", stage.path("Pod", "moodle-1"), {"gracePeriodSeconds": 0})
        assert module.result()["changed"]


# --- the documentation


def test_every_documented_example_runs(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    variables = {"namespace": stage.namespace, "wait": "none"}
    play = run_play(examples_of("cnpg_cluster"), variables=variables, environ=stage.server.environ)
    assert play.rc == 0, play.output
    assert [row["changed"] for row in play.results] == [True, True, True]
