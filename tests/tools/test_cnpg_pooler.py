# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_pooler with CloudNativePG's real definitions on a real API server.

No operator runs: the test makes the Deployment of a Pooler and writes its status. The cluster tier repeats this with an operator.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import API, Stage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner

BASE = {"name": "pooler", "cluster": "moodle", "instances": 2, "pool_mode": "transaction", "parameters": {"max_client_conn": 1000}}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """An empty namespace: a Pooler may be there before its cluster."""
    return Stage(api_server, kube, run_module, namespace)


def deploy(stage: Stage, replicas: int, *, ready: int) -> None:
    """Do what the operator and the controller of Deployments do for a Pooler."""
    labels = {"cnpg.io/poolerName": "pooler"}
    container = {"name": "pgbouncer", "image": "registry.invalid/pgbouncer:1.24"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    metadata = {"name": "pooler", "namespace": stage.namespace}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    made = stage.kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}, force=True)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), ready)
    stage.set_status("Deployment", "pooler", api_version="apps/v1", observedGeneration=made["metadata"]["generation"], **counts)


def test_a_pooler_is_made_paused_and_deleted(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "wait": "none", **BASE}
    made = four_beats("cnpg_pooler", args).do
    assert made["connection"] == {"host": f"pooler.{stage.namespace}.svc", "port": 5432}
    pgbouncer = stage.get("Pooler", "pooler")["spec"]["pgbouncer"]
    assert pgbouncer == {"poolMode": "transaction", "paused": False, "parameters": {"max_client_conn": "1000"}}
    paused = four_beats("cnpg_pooler", {**args, "paused": True}).do
    assert (paused["diff"]["before"]["spec"]["pgbouncer"]["paused"], paused["diff"]["after"]["spec"]["pgbouncer"]["paused"]) == (
        False,
        True,
    )
    four_beats("cnpg_pooler", {**args, "state": "absent"})
    assert stage.get("Pooler", "pooler") is None


def test_a_new_pooler_is_waited_for_until_its_pods_run(stage: Stage) -> None:
    with stage.running("cnpg_pooler", **BASE) as module:
        stage.until("Pooler", "pooler", lambda obj: True)
        deploy(stage, 2, ready=1)
        assert not module.done()
        deploy(stage, 2, ready=2)
        assert module.result()["changed"]


def test_pods_from_before_the_change_do_not_count(stage: Stage) -> None:
    deploy(stage, 2, ready=2)
    with stage.running("cnpg_pooler", **{**BASE, "instances": 3}) as module:
        stage.until("Pooler", "pooler", lambda obj: obj["spec"]["instances"] == 3)
        assert not module.done()
        deploy(stage, 3, ready=2)
        assert not module.done()
        deploy(stage, 3, ready=3)
        assert not module.result()["failed"]


def test_without_a_change_pods_that_run_are_enough(stage: Stage) -> None:
    deploy(stage, 2, ready=2)
    stage.run("cnpg_pooler", **BASE, wait="none")
    result = stage.run("cnpg_pooler", **BASE, wait_timeout=0)
    assert (result["failed"], result["changed"]) == (False, False)


def test_pods_that_do_not_come_are_a_failure_with_a_diagnosis(stage: Stage) -> None:
    deploy(stage, 2, ready=1)
    stage.run("cnpg_pooler", **BASE, wait="none")
    result = stage.run("cnpg_pooler", **BASE, wait_timeout=0)
    assert (result["failed"], result["error"], result["changed"]) == (True, "timeout", False)
    assert "1 of 2 pods are ready" in result["msg"] or "1 of 2 pods have the current template" in result["msg"]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"spec": {"pgbouncer": {"poolSize": 3}}}, "invalid", "the API knows no field spec.pgbouncer.poolSize"),
        ({"spec": {"type": "ro"}}, "given_twice", "The field spec.type is given twice"),
        ({"template": {"spec": {"containers": [], "nodes": 1}}}, "invalid", "the API knows no field spec.template.spec.nodes"),
        ({"cluster": None}, None, "cluster"),
    ],
)
def test_bad_input_is_one_sentence_and_makes_nothing(stage: Stage, change: dict[str, t.Any], error: t.Optional[str], said: str) -> None:
    args = {**BASE, "wait": "none", **change}
    result = stage.run("cnpg_pooler", **{name: value for name, value in args.items() if value is not None})
    assert (result["failed"], result.get("error")) == (True, error), result
    assert said in result["msg"]
    assert stage.kube.get(API, "Pooler", "pooler", stage.namespace) is None


def test_every_documented_example_runs(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    variables = {"namespace": stage.namespace, "wait": "none"}
    play = run_play(examples_of("cnpg_pooler"), variables=variables, environ=stage.server.environ)
    assert play.rc == 0, play.output
    assert [row["changed"] for row in play.results] == [True, True, True]
