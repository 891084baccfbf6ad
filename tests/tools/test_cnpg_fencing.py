# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_fencing with CloudNativePG's real definitions on a real API server.

No operator runs: the tests write the readiness of pods, as the kubelet would. The cluster tier repeats this with an operator.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import Stage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner

ANNOTATION = "cnpg.io/fencedInstances"


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the cluster moodle of three instances."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster()
    return stage


def annotation(stage: Stage) -> t.Optional[str]:
    return (stage.get("Cluster", "moodle") or {})["metadata"].get("annotations", {}).get(ANNOTATION)


def test_an_instance_is_fenced_and_the_annotation_is_what_cloudnativepg_writes(
    stage: Stage, four_beats: t.Callable[..., FourBeats]
) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "cluster": "moodle", "wait": False}
    beats = four_beats("cnpg_fencing", {**args, "instances": ["moodle-3"]})
    assert beats.do["diff"] == {"before": {"fenced": []}, "after": {"fenced": ["moodle-3"]}}
    stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-2"], wait=False)
    assert annotation(stage) == '["moodle-2","moodle-3"]'
    stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-2", "moodle-3"], state="unfenced", wait=False)
    assert annotation(stage) is None
    stage.run("cnpg_fencing", cluster="moodle", wait=False)
    assert annotation(stage) == '["*"]'
    refused = stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-2"], state="unfenced")
    assert (refused["failed"], refused["error"]) == (True, "all_fenced")
    four_beats("cnpg_fencing", {**args, "state": "unfenced"})
    assert annotation(stage) is None


def test_the_module_waits_until_the_pod_is_no_longer_ready_and_then_until_it_is(stage: Stage) -> None:
    with stage.running("cnpg_fencing", cluster="moodle", instances=["moodle-2"]) as module:
        stage.until("Cluster", "moodle", lambda obj: ANNOTATION in obj["metadata"].get("annotations", {}))
        assert not module.done()
        stage.pod_ready("moodle-2", False)
    assert (module.result()["failed"], module.result()["changed"], module.result()["fenced"]) == (False, True, ["moodle-2"])
    with stage.running("cnpg_fencing", cluster="moodle", instances=["moodle-2"], state="unfenced") as module:
        stage.until("Cluster", "moodle", lambda obj: ANNOTATION not in obj["metadata"].get("annotations", {}))
        stage.pod_ready("moodle-2", True)
    assert (module.result()["failed"], module.result()["fenced"]) == (False, [])


def test_fencing_the_primary_warns_that_the_database_is_down(stage: Stage) -> None:
    result = stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-1"], wait=False)
    assert "the database does not answer" in str(result["warnings"])
    assert "warnings" not in stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-2"], wait=False)


def test_a_pod_that_stays_ready_is_a_failure_with_what_was_changed(stage: Stage) -> None:
    result = stage.run("cnpg_fencing", cluster="moodle", instances=["moodle-2"], wait_timeout=1)
    assert (result["failed"], result["error"], result["changed"]) == (True, "timeout", True)
    assert "Instance moodle-2 of Cluster moodle" in result["msg"]
    assert "Its pod is still ready" in result["msg"]


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"cluster": "chemistry"}, "not_found", "There is no Cluster chemistry"),
        ({"cluster": "moodle", "instances": ["moodle-9"]}, "unknown_instance", "has no instance moodle-9"),
        ({"cluster": "moodle", "kubeconfig": "/nonexistent"}, "bad_kubeconfig", "no kubeconfig at /nonexistent"),
    ],
)
def test_bad_input_is_one_sentence_with_a_word_for_programs(stage: Stage, args: dict[str, t.Any], error: str, said: str) -> None:
    result = stage.run("cnpg_fencing", **args)
    assert (result["failed"], result["error"]) == (True, error)
    assert said in result["msg"]


def test_a_user_who_may_only_read_is_refused_by_name_of_the_right(stage: Stage, api_server: ApiServer) -> None:
    result = stage.run("cnpg_fencing", cluster="moodle", kubeconfig=api_server.kubeconfig_for("viewer"))
    assert (result["failed"], result["error"], annotation(stage)) == (True, "forbidden", None)
    assert "patch clusters.postgresql.cnpg.io" in result["msg"]


def test_the_examples_run(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    tasks = examples_of("cnpg_fencing")
    for task, ready in zip(tasks, (False, True)):
        stage.pod_ready("moodle-2", ready)
        play = run_play([task], variables={"namespace": stage.namespace}, environ=stage.server.environ)
        assert (play.rc, [row["changed"] for row in play.results]) == (0, [True]), play.output
