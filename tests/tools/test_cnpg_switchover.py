# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_switchover with CloudNativePG's real definitions on a real API server.

No operator and no pod runs: the tests write the status that the operator would write, and a server in front of the API
server answers for the status pages of the instances. The cluster tier repeats this with an operator and PostgreSQL.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import Stage, condition
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.pods import Pods, pods_in_front_of

TOKEN = "eyJwZ19jb250cm9sIjoiMSJ9"


@pytest.fixture(scope="module")
def pods(api_server: ApiServer) -> t.Iterator[Pods]:
    """Three instances, of which the third is 48 MiB behind."""
    with pods_in_front_of(api_server) as pods:
        pods.pages["moodle-1"] = {"isPrimary": True, "currentLsn": "0/8000000"}
        pods.pages["moodle-2"] = {"isPrimary": False, "replayLsn": "0/7FFFF00"}
        pods.pages["moodle-3"] = {"isPrimary": False, "replayLsn": "0/5000000"}
        yield pods


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str], pods: Pods) -> Stage:
    """A namespace with the cluster moodle of three instances that can be asked for their position."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.kubeconfig = pods.kubeconfig
    stage.cluster()
    return stage


def primaries(stage: Stage) -> tuple[str, str]:
    status = (stage.get("Cluster", "moodle") or {})["status"]
    return status["currentPrimary"], status["targetPrimary"]


def test_a_switchover_writes_the_status_that_the_command_line_tool_writes_and_waits(stage: Stage) -> None:
    with stage.running("cnpg_switchover", cluster="moodle", to="moodle-2", stable_for=0) as module:
        asked = stage.until("Cluster", "moodle", lambda obj: obj["status"]["targetPrimary"] == "moodle-2")
        stage.set_status("Cluster", "moodle", currentPrimary="moodle-2")
        assert not module.done()
        stage.set_status("Cluster", "moodle", **stage.healthy("moodle", primary=2))
    assert asked["status"]["phase"] == "Switchover in progress"
    assert asked["status"]["phaseReason"] == "Switching over to moodle-2"
    assert asked["status"]["currentPrimary"] == "moodle-1"
    assert len(asked["status"]["targetPrimaryTimestamp"]) == len("2026-11-21T08:00:00.123456Z")
    conditions = {row["type"]: (row["status"], row["reason"]) for row in asked["status"]["conditions"]}
    assert conditions == {"Ready": ("False", "ClusterIsNotReady"), "ContinuousArchiving": ("True", "Because")}
    result = module.result()
    expected = {"failed": False, "changed": True, "previous_primary": "moodle-1", "primary": "moodle-2", "lag_bytes": 256}
    assert {name: result[name] for name in expected} == expected
    assert stage.run("cnpg_switchover", cluster="moodle", to="moodle-2")["changed"] is False


def test_check_mode_predicts_and_a_second_run_finds_the_first_one_under_way(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "cluster": "moodle", "to": "moodle-2", "wait": False}
    beats = four_beats("cnpg_switchover", args)
    assert beats.do["diff"] == {"before": {"primary": "moodle-1"}, "after": {"primary": "moodle-2"}}
    assert primaries(stage) == ("moodle-1", "moodle-2")


def test_the_nearest_instance_is_chosen_and_if_primary_makes_that_happen_once(stage: Stage) -> None:
    args: dict[str, t.Any] = {"cluster": "moodle", "to": "any_healthy", "if_primary": "moodle-1", "wait": False}
    assert stage.run("cnpg_switchover", **args)["primary"] == "moodle-2"
    stage.set_status("Cluster", "moodle", **stage.healthy("moodle", primary=2))
    assert stage.run("cnpg_switchover", **args)["changed"] is False


def test_every_precondition_that_does_not_hold_is_named_and_nothing_is_changed(stage: Stage) -> None:
    stage.patch("Cluster", "moodle", {"metadata": {"annotations": {"cnpg.io/fencedInstances": '["moodle-2"]'}}})
    stage.backup("moodle-daily", phase="running")
    broken = [condition("Ready", True), condition("ContinuousArchiving", False, message="bucket not found")]
    stage.set_status("Cluster", "moodle", phase="Upgrading cluster", conditions=broken)
    for check in (True, False):
        result = stage.run("cnpg_switchover", cluster="moodle", to="moodle-3", check=check)
        assert (result["failed"], result["error"]) == (True, "precondition")
        assert [row["name"] for row in result["preconditions"]] == ["healthy", "fencing", "backup", "archiving", "lag"]
        assert "bucket not found" in result["msg"]
        assert "moodle-3 is 50331648 bytes behind, and max_lag_bytes is 16777216" in result["msg"]
    assert primaries(stage) == ("moodle-1", "moodle-1")
    skipped = stage.run(
        "cnpg_switchover",
        cluster="moodle",
        to="moodle-3",
        skip_preconditions=["healthy", "fencing", "backup", "archiving"],
        max_lag_bytes=50331648,
        wait=False,
    )
    assert (skipped["failed"], skipped["changed"], primaries(stage)) == (False, True, ("moodle-1", "moodle-3"))


def test_without_an_answer_from_the_instances_the_lag_is_unknown_and_counts_against(stage: Stage, api_server: ApiServer) -> None:
    """The API server itself, without the server in front: the pods have no address."""
    result = stage.run("cnpg_switchover", cluster="moodle", to="moodle-2", kubeconfig=api_server.kubeconfig, api_timeout=2)
    assert (result["failed"], [row["name"] for row in result["preconditions"]]) == (True, ["lag"])
    assert "the position of moodle-1 is unknown" in result["msg"]


def test_a_target_that_the_operator_gives_up_is_a_failure(stage: Stage) -> None:
    with stage.running("cnpg_switchover", cluster="moodle", to="moodle-2") as module:
        stage.until("Cluster", "moodle", lambda obj: obj["status"]["targetPrimary"] == "moodle-2")
        stage.set_status("Cluster", "moodle", targetPrimary="moodle-1")
    assert (module.result()["failed"], module.result()["error"], module.result()["changed"]) == (True, "failed", True)
    assert "The operator has chosen moodle-1 instead" in module.result()["msg"]


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"cluster": "chemistry", "to": "chemistry-1"}, "not_found", "There is no Cluster chemistry"),
        ({"to": "moodle-9"}, "unknown_instance", "it has: moodle-1, moodle-2, moodle-3"),
        ({"node_selector": {"zone": "moon"}}, "no_candidate", "No instance of Cluster moodle"),
        ({"to": "moodle-2", "if_primary": "moodle-1"}, "invalid", "needs to=any_healthy"),
        ({"primary_cluster": {"cluster": "moodle"}}, "no_topology", "is not part of a distributed topology"),
        ({}, None, "one of the following is required: to, node_selector, primary_cluster"),
    ],
)
def test_bad_input_is_one_sentence_with_a_word_for_programs(
    stage: Stage, args: dict[str, t.Any], error: t.Optional[str], said: str
) -> None:
    result = stage.run("cnpg_switchover", **{"cluster": "moodle", **args})
    assert (result["failed"], result.get("error")) == (True, error)
    assert said in result["msg"]


def test_a_user_without_the_right_to_change_the_status_is_told_so(stage: Stage, api_server: ApiServer) -> None:
    kubeconfig = api_server.kubeconfig_for("viewer")
    result = stage.run("cnpg_switchover", cluster="moodle", to="moodle-2", kubeconfig=kubeconfig, skip_preconditions=["lag"])
    assert (result["failed"], result["error"], primaries(stage)) == (True, "forbidden", ("moodle-1", "moodle-1"))
    assert "clusters/status" in result["msg"]


# Two clusters. The test lets them live in one Kubernetes, and reaches the second one through a kubeconfig of its own.


def pair(stage: Stage) -> None:
    """Create the two ends of a distributed topology, of which north is primary."""
    ends = [{"name": name, "connectionParameters": {"host": name}} for name in ("moodle-north", "moodle-south")]
    recovery = {"recovery": {"source": "moodle-north"}}
    for name, other, bootstrap in (("moodle-north", "moodle-south", {"initdb": {}}), ("moodle-south", "moodle-north", recovery)):
        replica = {"primary": "moodle-north", "source": other}
        stage.cluster(name, instances=1, replica=replica, externalClusters=ends, bootstrap=bootstrap)


def replica_of(stage: Stage, name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", (stage.get("Cluster", name) or {})["spec"]["replica"])


def test_a_hand_over_goes_through_both_clusters_and_a_run_that_was_cut_is_continued(stage: Stage, api_server: ApiServer) -> None:
    pair(stage)
    other = {"cluster": "moodle-south", "kubeconfig": api_server.kubeconfig_for("admin")}
    predicted = stage.run("cnpg_switchover", cluster="moodle-north", primary_cluster=other, check=True)
    assert (predicted["changed"], predicted["steps"], replica_of(stage, "moodle-north")["primary"]) == (
        True,
        ["demote", "promote"],
        "moodle-north",
    )

    # The first run ends while it waits for the token: nothing was promoted.
    cut = stage.run("cnpg_switchover", cluster="moodle-north", primary_cluster=other, wait_timeout=1)
    assert (cut["failed"], cut["error"], cut["steps"], cut["changed"]) == (True, "no_token", ["demote"], True)
    assert replica_of(stage, "moodle-north") == {"primary": "moodle-south", "source": "moodle-south"}
    assert replica_of(stage, "moodle-south") == {"primary": "moodle-north", "source": "moodle-north"}

    with stage.running("cnpg_switchover", cluster="moodle-north", primary_cluster=other) as module:
        stage.set_status("Cluster", "moodle-north", demotionToken=TOKEN)
        promoted = stage.until("Cluster", "moodle-south", lambda obj: obj["spec"]["replica"]["primary"] == "moodle-south")
        stage.set_status("Cluster", "moodle-south", lastPromotionToken=TOKEN)
    assert promoted["spec"]["replica"] == {"primary": "moodle-south", "source": "moodle-north", "promotionToken": TOKEN}
    result = module.result()
    assert (result["failed"], result["changed"], result["steps"]) == (False, True, ["promote"]), result
    assert result["primary_cluster"]["is_replica"] is False
    assert TOKEN not in str(result)
    assert result["diff"]["after"] == {f"{stage.namespace}/moodle-north": "replica", f"{stage.namespace}/moodle-south": "primary"}
    for check in (True, False):
        again = stage.run("cnpg_switchover", cluster="moodle-north", primary_cluster=other, check=check)
        assert (again["failed"], again["changed"], again["steps"]) == (False, False, [])


def test_the_examples_run(
    stage: Stage, pods: Pods, api_server: ApiServer, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]
) -> None:
    """Each task finds its state in place, since no operator would answer within one play."""
    pair(stage)
    stage.set_status("Cluster", "moodle", **stage.healthy("moodle", primary=2))
    stage.patch("Cluster", "moodle-north", {"spec": {"replica": {"primary": "moodle-south"}}})
    stage.patch("Cluster", "moodle-south", {"spec": {"replica": {"primary": "moodle-south", "promotionToken": TOKEN}}})
    stage.set_status("Cluster", "moodle-south", lastPromotionToken=TOKEN)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-moodle-2", "labels": {"topology.kubernetes.io/zone": "physics"}}}
    api_server.request("POST", "/api/v1/nodes", node)
    variables = {"namespace": stage.namespace, "other_kubeconfig": api_server.kubeconfig}
    play = run_play(examples_of("cnpg_switchover"), variables=variables, environ={"K8S_AUTH_KUBECONFIG": pods.kubeconfig})
    assert (play.rc, [row["changed"] for row in play.results]) == (0, [False, False, False]), play.output
