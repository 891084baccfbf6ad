# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_hibernation with CloudNativePG's real definitions on a real API server.

No operator runs: the tests write the condition that it would write. The cluster tier repeats this with an operator.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import Stage, condition
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner

ANNOTATION = "cnpg.io/hibernation"


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the cluster moodle of three instances."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster()
    return stage


def asked(value: str) -> t.Callable[[dict[str, t.Any]], bool]:
    return lambda obj: obj["metadata"].get("annotations", {}).get(ANNOTATION) == value


def fall_asleep(stage: Stage) -> None:
    """Do what the operator does when all pods are gone."""
    gone = stage.healthy("moodle", more=[condition(ANNOTATION, True, "Hibernated", "Cluster has been hibernated")])
    stage.set_status("Cluster", "moodle", **{**gone, "readyInstances": 0})


def test_a_cluster_is_put_to_sleep_and_woken(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "cluster": "moodle", "wait": False}
    beats = four_beats("cnpg_hibernation", args)
    assert beats.do["diff"] == {"before": {"hibernation": "running"}, "after": {"hibernation": "hibernated"}}
    assert asked("on")(stage.get("Cluster", "moodle") or {})
    four_beats("cnpg_hibernation", {**args, "state": "running"})
    assert asked("off")(stage.get("Cluster", "moodle") or {})


def test_the_module_waits_for_the_condition_and_on_waking_for_health_of_afterwards(stage: Stage) -> None:
    with stage.running("cnpg_hibernation", cluster="moodle") as module:
        stage.until("Cluster", "moodle", asked("on"))
        stage.set_status("Cluster", "moodle", **stage.healthy("moodle", more=[condition(ANNOTATION, False, "DeletingPods")]))
        assert not module.done()
        fall_asleep(stage)
    assert (module.result()["failed"], module.result()["changed"], module.result()["cluster"]["ready_instances"]) == (False, True, 0)
    with stage.running("cnpg_hibernation", cluster="moodle", state="running") as module:
        stage.until("Cluster", "moodle", asked("off"))
        # The status still says healthy, from before.
        stage.set_status("Cluster", "moodle", **{**stage.healthy("moodle"), "readyInstances": 0})
        assert not module.done()
        stage.set_status("Cluster", "moodle", **stage.healthy("moodle"))
    assert (module.result()["failed"], module.result()["cluster"]["ready_instances"]) == (False, 3)


def test_a_hibernation_that_the_operator_puts_off_fails_with_the_reason(stage: Stage) -> None:
    waiting = condition(ANNOTATION, False, "WaitingForHealthy", "Waiting for the cluster to be healthy before proceeding with hibernation")
    sick = {**stage.healthy("moodle", more=[waiting]), "phase": "Creating a new replica", "phaseReason": "Creating replica moodle-3"}
    stage.set_status("Cluster", "moodle", **sick)
    predicted = stage.run("cnpg_hibernation", cluster="moodle", check=True)
    assert (predicted["changed"], "postpones the hibernation" in str(predicted["warnings"])) == (True, True)
    result = stage.run("cnpg_hibernation", cluster="moodle", wait_timeout=1)
    assert (result["failed"], result["error"], result["changed"]) == (True, "waiting_for_healthy", True)
    assert "'Creating a new replica' (Creating replica moodle-3)" in result["msg"]


def test_a_value_that_is_none_is_replaced(stage: Stage) -> None:
    stage.patch("Cluster", "moodle", {"metadata": {"annotations": {ANNOTATION: "yes"}}})
    result = stage.run("cnpg_hibernation", cluster="moodle", state="running")
    assert (result["changed"], result["diff"]["before"]) == (True, {"hibernation": "invalid (yes)"})


def test_bad_input_is_one_sentence_with_a_word_for_programs(stage: Stage, api_server: ApiServer) -> None:
    missing = stage.run("cnpg_hibernation", cluster="chemistry")
    assert (missing["failed"], missing["error"]) == (True, "not_found")
    forbidden = stage.run("cnpg_hibernation", cluster="moodle", kubeconfig=api_server.kubeconfig_for("viewer"))
    assert (forbidden["failed"], forbidden["error"]) == (True, "forbidden")
    expired = stage.run(
        "cnpg_hibernation", cluster="moodle", kubeconfig=api_server.kubeconfig_for("admin", user_entry={"token": "expired"})
    )
    assert (expired["failed"], expired["error"]) == (True, "unauthorized")


def test_the_examples_run(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    sleep, wake = examples_of("cnpg_hibernation")
    fall_asleep(stage)
    play = run_play([sleep], variables={"namespace": stage.namespace}, environ=stage.server.environ)
    assert (play.rc, [row["changed"] for row in play.results]) == (0, [True]), play.output
    stage.set_status("Cluster", "moodle", **stage.healthy("moodle"))
    play = run_play([wake], variables={"namespace": stage.namespace}, environ=stage.server.environ)
    assert (play.rc, [row["changed"] for row in play.results]) == (0, [True]), play.output
