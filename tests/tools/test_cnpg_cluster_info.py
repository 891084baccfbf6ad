# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_cluster_info with CloudNativePG's real definitions on a real API server.

No operator and no instance runs: the test writes the statuses and answers the status pages. The cluster tier repeats this with both.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import HEALTHY, MERGE, Stage, condition
from support.kubernetes import ApiServer, defined
from support.modules import ModuleRunner
from support.plays import PlayRunner
from support.pods import Pods, pods_in_front_of

PLUGIN = {"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": {"barmanObjectName": "backups"}}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the healthy cluster moodle of three instances."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster(plugins=[PLUGIN], postgresql={"synchronous": {"method": "any", "number": 1}})
    return stage


@pytest.fixture
def pods(api_server: ApiServer) -> t.Iterator[Pods]:
    """Status pages of the cluster moodle, of which the third instance does not answer."""
    with pods_in_front_of(api_server) as pods:
        synced = [{"applicationName": "moodle-2", "syncState": "quorum"}]
        pods.pages["moodle-1"] = {"isPrimary": True, "currentLsn": "0/6003140", "replicationInfo": synced, "pendingRestart": False}
        pods.pages["moodle-2"] = {"isPrimary": False, "replayLsn": "0/6003000", "pendingRestart": False}
        yield pods


def test_clusters_are_returned_by_name_by_namespace_and_all(stage: Stage) -> None:
    stage.cluster("chemistry", instances=1)
    found = stage.run("cnpg_cluster_info", ask_instances=False)
    assert [row["name"] for row in found["clusters"]] == ["chemistry", "moodle"]
    one = stage.run("cnpg_cluster_info", name="moodle", ask_instances=False)
    assert [row["health"] for row in one["clusters"]] == [{"level": "ok", "reasons": []}]
    every = stage.run("cnpg_cluster_info", namespace=None, ask_instances=False)
    assert {"chemistry", "moodle"} <= {row["name"] for row in every["clusters"] if row["namespace"] == stage.namespace}
    assert not (found["changed"] or one["changed"] or every["changed"])


def test_instances_say_how_far_they_are(stage: Stage, pods: Pods) -> None:
    (found,) = stage.run("cnpg_cluster_info", name="moodle", kubeconfig=pods.kubeconfig)["clusters"]
    rows = {row["name"]: row for row in found["members"]}
    assert (rows["moodle-1"]["primary"], rows["moodle-1"]["lsn"], rows["moodle-1"]["node"]) == (True, "0/6003140", "node-moodle-1")
    assert (rows["moodle-2"]["lag_bytes"], rows["moodle-2"]["sync_state"]) == (0x140, "quorum")
    assert "no endpoints for pod moodle-3" in rows["moodle-3"]["error"]


def test_a_gate_lets_through_what_holds_and_names_all_that_does_not(stage: Stage, pods: Pods) -> None:
    args = {"name": "moodle", "kubeconfig": pods.kubeconfig}
    good = {"healthy": True, "archiving": True, "no_fencing": True, "synchronous": True, "ready_instances": 3}
    through = stage.run("cnpg_cluster_info", **args, require=good)
    assert (through["failed"], through["failures"]) == (False, [])
    bad = {**good, "max_lag_bytes": 100, "backup_max_age": "26h", "no_advisories": True}
    stage.set_status(
        "Cluster",
        "moodle",
        readyInstances=2,
        conditions=[condition("Ready", True), condition("ContinuousArchiving", False, "ContinuousArchivingFailing", "exit status 2")],
    )
    stopped = stage.run("cnpg_cluster_info", **args, require=bad)
    assert (stopped["failed"], stopped["error"]) == (True, "unmet")
    assert [row["requirement"] for row in stopped["failures"]] == [
        "archiving",
        "backup_max_age",
        "healthy",
        "max_lag_bytes",
        "no_advisories",
        "ready_instances",
    ]
    assert f"{stage.namespace}/moodle archiving: exit status 2" in stopped["msg"]
    assert stopped["clusters"][0]["health"]["level"] == "degraded"


def test_no_cluster_at_all_meets_no_requirement(stage: Stage) -> None:
    """A wrong namespace must not look healthy."""
    empty = stage.run("cnpg_cluster_info", namespace="nowhere", require={"healthy": True})
    assert (empty["failed"], empty["error"], empty["clusters"]) == (True, "not_found", [])
    assert "There is no Cluster in namespace nowhere" in empty["msg"]
    assert not stage.run("cnpg_cluster_info", namespace="nowhere", require={"healthy": False})["failed"]


def test_the_recovery_window_comes_from_the_object_store(stage: Stage, api_server: ApiServer) -> None:
    """The definition of the store is a double: the plugin that brings the real one is not installed."""
    missing = stage.run("cnpg_cluster_info", name="moodle", ask_instances=False)["clusters"][0]["recovery_window"]
    assert "does not know this kind" in missing["error"]
    with defined(api_server, "barmancloud.cnpg.io", "ObjectStore"):
        row = {"firstRecoverabilityPoint": "2026-11-01T02:00:11Z", "lastSuccessfulBackupTime": "2026-11-02T02:00:09Z"}
        store = {"apiVersion": "barmancloud.cnpg.io/v1", "kind": "ObjectStore", "metadata": {"name": "backups"}}
        stage.create(store, {"serverRecoveryWindow": {"moodle": row}})
        window = stage.run("cnpg_cluster_info", name="moodle", ask_instances=False)["clusters"][0]["recovery_window"]
        assert (window["first"], window["last_successful"], window["error"]) == (*row.values(), None)
        old = stage.run("cnpg_cluster_info", name="moodle", ask_instances=False, require={"backup_max_age": "1d"})
        assert old["failures"][0]["reason"] == "the last successful backup is from 2026-11-02T02:00:09Z"


def test_an_operator_with_known_holes_is_warned_about(stage: Stage) -> None:
    labels = {"app.kubernetes.io/name": "cloudnative-pg"}
    container = {"name": "manager", "image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.29.1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    metadata = {"name": "cnpg-controller-manager", "labels": labels}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    stage.create(deployment)
    try:
        result = stage.run("cnpg_cluster_info", ask_instances=False)
        assert result["operator"]["version"] == "1.29.1"
        assert "CVE-2026-55769" in str(result["warnings"])
    finally:
        stage.server.request("DELETE", stage.path("Deployment", metadata["name"], api_version="apps/v1"))


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"name": "chemistry"}, "not_found", "There is no Cluster chemistry"),
        ({"require": {"backup_max_age": "a while"}}, "invalid", "require.backup_max_age is 'a while', which is not a valid age"),
        ({"name": "moodle", "namespace": None}, None, "namespace"),
    ],
)
def test_bad_input_is_one_sentence(stage: Stage, args: dict[str, t.Any], error: t.Optional[str], said: str) -> None:
    stage.server.request(
        "PATCH", stage.path("Cluster", "moodle", "status"), {"status": {"lastSuccessfulBackup": "2026-11-01T00:00:00Z"}}, MERGE
    )
    stage.patch("Cluster", "moodle", {"spec": {"plugins": None}})
    result = stage.run("cnpg_cluster_info", ask_instances=False, **args)
    assert (result["failed"], result.get("error")) == (True, error)
    assert said in result["msg"]


def test_a_user_who_may_not_ask_instances_gets_the_rest_and_the_reason(stage: Stage, api_server: ApiServer) -> None:
    result = stage.run("cnpg_cluster_info", name="moodle", kubeconfig=api_server.kubeconfig_for("viewer"))
    assert result["clusters"][0]["phase"] == HEALTHY
    assert "user viewer may not get pods/proxy" in result["clusters"][0]["members"][0]["error"]


def test_every_documented_example_runs(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    """The second example names a cluster that is as it must be, apart from the age of its backup."""
    tasks = examples_of("cnpg_cluster_info")
    stage.cluster("moodle-db", instances=1)
    far = {"moodle-db-server": "2099-01-01 00:00:00 +0000 UTC"}
    stage.set_status("Cluster", "moodle-db", lastSuccessfulBackup="2026-11-01T00:00:00Z", certificates={"expirations": far})
    tasks[1]["campus.moodle.cnpg_cluster_info"]["require"]["backup_max_age"] = "99999d"
    play = run_play(tasks, variables={"namespace": stage.namespace}, environ=stage.server.environ)
    assert play.rc == 0, play.output
