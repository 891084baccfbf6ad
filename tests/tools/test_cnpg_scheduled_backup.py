# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_scheduled_backup with CloudNativePG's real definitions on a real API server, without an operator."""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import Stage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner

PLUGIN = "barman-cloud.cloudnative-pg.io"
BASE = {"name": "nightly", "cluster": "moodle", "schedule": "0 0 2 * * *"}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the cluster moodle, which backs up with the plugin, and plain, which has no backups."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster(instances=1, plugins=[{"name": PLUGIN, "isWALArchiver": True}])
    stage.cluster("plain", instances=1)
    return stage


def test_a_schedule_is_made_suspended_and_deleted(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    args = {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, **BASE}
    made = four_beats("cnpg_scheduled_backup", args).do
    assert (made["schedule"], made["method"], made["next_schedule_time"]) == ("0 0 2 * * *", "plugin", None)
    spec = stage.get("ScheduledBackup", "nightly")["spec"]
    assert (spec["method"], spec["pluginConfiguration"], spec["suspend"]) == ("plugin", {"name": PLUGIN}, False)
    # The operator's status is no change.
    stage.set_status("ScheduledBackup", "nightly", nextScheduleTime="2026-11-22T02:00:00Z")
    again = stage.run("cnpg_scheduled_backup", **BASE)
    assert (again["changed"], again["next_schedule_time"]) == (False, "2026-11-22T02:00:00Z")
    four_beats("cnpg_scheduled_backup", {**args, "state": "suspended"})
    assert stage.get("ScheduledBackup", "nightly")["spec"]["suspend"] is True
    gone = four_beats("cnpg_scheduled_backup", {**args, "state": "absent"})
    assert gone.do["diff"]["after"] == {}
    assert stage.get("ScheduledBackup", "nightly") is None


def test_five_fields_are_taken_with_a_warning(stage: Stage) -> None:
    result = stage.run("cnpg_scheduled_backup", **{**BASE, "schedule": "30 2 * * *"})
    assert (result["failed"], result["schedule"]) == (False, "0 30 2 * * *")
    assert "has no field for seconds; '0 30 2 * * *' is used" in str(result["warnings"])
    assert stage.get("ScheduledBackup", "nightly")["spec"]["schedule"] == "0 30 2 * * *"


def test_the_first_check_of_a_play_finds_neither_namespace_nor_cluster(stage: Stage, run_module: ModuleRunner) -> None:
    new = {"kubeconfig": stage.kubeconfig, "namespace": f"{stage.namespace}-new", **BASE}
    predicted = run_module("cnpg_scheduled_backup", new, check=True)
    assert (predicted["failed"], predicted["changed"], predicted["method"]) == (False, True, None), predicted
    assert f"There is no Cluster moodle in namespace {new['namespace']} yet" in str(predicted["warnings"])
    assert run_module("cnpg_scheduled_backup", new)["error"] == "not_found"


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"schedule": "0 2 * *"}, "invalid", "has 4 fields. Give six"),
        ({"cluster": "chemistry"}, "not_found", "There is no Cluster chemistry"),
        ({"cluster": "plain"}, "no_backup_method", "has neither a backup plugin nor a backup section"),
        ({"cluster": "plain", "method": "plugin"}, "no_backup_method", "does not use the plugin"),
        ({"plugin": "other"}, "no_backup_method", f"does not use the plugin other; it uses: {PLUGIN}"),
        ({"schedule": None}, None, "schedule"),
        ({"plugin_parameters": {"a": {"b": "c"}}}, "invalid", "spec.pluginConfiguration.parameters.a"),
    ],
)
def test_bad_input_is_one_sentence_and_makes_nothing(stage: Stage, change: dict[str, t.Any], error: t.Optional[str], said: str) -> None:
    args = {**BASE, **change}
    result = stage.run("cnpg_scheduled_backup", **{name: value for name, value in args.items() if value is not None})
    assert (result["failed"], result.get("error")) == (True, error), result
    assert said in result["msg"]
    assert stage.get("ScheduledBackup", "nightly") is None


def test_every_documented_example_runs(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    stage.cluster("moodle-db", instances=1, plugins=[{"name": PLUGIN}])
    play = run_play(examples_of("cnpg_scheduled_backup"), variables={"namespace": stage.namespace}, environ=stage.server.environ)
    assert play.rc == 0, play.output
    assert [row["changed"] for row in play.results] == [True, True, True]
