# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_backup with CloudNativePG's real definitions on a real API server.

No operator runs: the tests write the status of a Backup, as the operator would. The cluster tier repeats this with an operator.
"""

from __future__ import annotations

import typing as t

import pytest
from support.cnpg_stage import Stage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner

PLUGIN = {"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": {"barmanObjectName": "offsite"}}
STORE = {"barmanObjectStore": {"destinationPath": "s3://bucket/moodle", "s3Credentials": {"inheritFromIAMRole": True}}}
DONE = {
    "phase": "completed",
    "startedAt": "2026-11-21T08:00:00Z",
    "stoppedAt": "2026-11-21T08:00:07Z",
    "backupId": "20261121T080000",
    "beginLSN": "0/6000028",
    "endLSN": "0/6000158",
    "beginWal": "000000010000000000000006",
    "endWal": "000000010000000000000006",
    "instanceID": {"podName": "moodle-2"},
}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the cluster moodle, which backs up in the built-in way."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster(backup=STORE)
    return stage


def common(stage: Stage, **args: t.Any) -> dict[str, t.Any]:
    return {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "cluster": "moodle", **args}


def test_a_backup_with_a_key_is_taken_once(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    beats = four_beats("cnpg_backup", common(stage, key="upgrade", target="primary", wait=False))
    made = stage.get("Backup", "moodle-upgrade") or {}
    assert made["spec"] == {"cluster": {"name": "moodle"}, "method": "barmanObjectStore", "target": "primary"}
    assert made["metadata"]["labels"] == {"cnpg.io/cluster": "moodle"}
    assert beats.do["backup"]["phase"] == "pending"
    other = stage.run("cnpg_backup", cluster="moodle", key="upgrade", target="prefer-standby", wait=False)
    assert (other["failed"], other["error"], other["different"]) == (True, "exists", ["target"])


def test_the_module_waits_until_the_backup_is_complete_and_tells_about_it(stage: Stage) -> None:
    with stage.running("cnpg_backup", cluster="moodle", key="one") as module:
        stage.until("Backup", "moodle-one", lambda obj: True)
        stage.set_status("Backup", "moodle-one", phase="running")
        assert not module.done()
        stage.set_status("Backup", "moodle-one", **DONE)
        stage.set_status("Cluster", "moodle", firstRecoverabilityPoint="2026-11-01T00:00:07Z")
    result = module.result()
    assert (result["failed"], result["changed"]) == (False, True), result
    expected = {"name": "moodle-one", "phase": "completed", "duration": 7.0, "backup_id": "20261121T080000", "end_lsn": "0/6000158"}
    assert {name: result["backup"][name] for name in expected} == expected
    again = stage.run("cnpg_backup", cluster="moodle", key="one")
    assert (again["changed"], again["recovery_window"]["first"]) == (False, "2026-11-01T00:00:07Z")


@pytest.mark.parametrize(
    ("phase", "error"),
    [("failed", "backup_failed"), ("walArchivingFailing", "archiving_failing"), ("invalid backup definition", "invalid_backup")],
)
def test_a_failure_has_a_word_of_its_own_and_the_next_run_takes_the_backup_again(stage: Stage, phase: str, error: str) -> None:
    stage.backup("moodle-two", phase=phase, error="encountered an error", commandError="exit status 4")
    old = (stage.get("Backup", "moodle-two") or {})["metadata"]["uid"]
    with stage.running("cnpg_backup", cluster="moodle", key="two") as module:
        stage.until("Backup", "moodle-two", lambda obj: obj["metadata"]["uid"] != old)
        stage.set_status("Backup", "moodle-two", phase=phase, error="encountered an error", commandError="exit status 4")
    result = module.result()
    assert (result["failed"], result["error"], result["changed"]) == (True, error, True)
    assert "encountered an error: exit status 4" in result["msg"]
    assert result["backup"]["phase"] == phase


def test_a_backup_that_nobody_takes_ends_with_a_timeout(stage: Stage) -> None:
    result = stage.run("cnpg_backup", cluster="moodle", key="slow", wait_timeout=1)
    assert (result["failed"], result["error"], result["changed"]) == (True, "timeout", True)
    assert "Its phase is pending" in result["msg"]


def test_a_young_backup_is_enough(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    stage.backup("old", **{**DONE, "stoppedAt": "2001-01-01T00:00:00Z"})
    assert stage.run("cnpg_backup", cluster="moodle", max_age="1d", check=True)["changed"] is True
    stage.backup("young", **{**DONE, "stoppedAt": "2999-01-01T00:00:00Z"})
    beats = four_beats("cnpg_backup", common(stage, max_age="1d"))
    assert (beats.do["changed"], beats.do["backup"]["name"]) == (False, "young")
    wrong = stage.run("cnpg_backup", cluster="moodle", max_age="soon")
    assert (wrong["failed"], wrong["error"]) == (True, "invalid")


def test_a_cluster_that_uses_a_plugin_is_backed_up_by_it(stage: Stage) -> None:
    stage.cluster("chemistry", instances=1, plugins=[PLUGIN])
    result = stage.run("cnpg_backup", cluster="chemistry", key="one", plugin_parameters={"speed": "fast"}, wait=False)
    assert result["backup"]["method"] == "plugin"
    made = stage.get("Backup", "chemistry-one") or {}
    assert made["spec"]["pluginConfiguration"] == {"name": PLUGIN["name"], "parameters": {"speed": "fast"}}


def test_without_a_name_each_run_takes_a_backup_named_by_the_time(stage: Stage) -> None:
    predicted = stage.run("cnpg_backup", cluster="moodle", wait=False, check=True)
    result = stage.run("cnpg_backup", cluster="moodle", wait=False)
    assert (result["changed"], result["diff"]) == (True, predicted["diff"])
    assert stage.get("Backup", result["backup"]["name"]) is not None


def test_a_backup_is_deleted_after_confirmation(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    stage.backup("moodle-old", **DONE)
    refused = stage.run("cnpg_backup", cluster="moodle", key="old", state="absent", confirm_delete="old")
    assert (refused["failed"], refused["error"]) == (True, "not_confirmed")
    beats = four_beats("cnpg_backup", common(stage, key="old", state="absent", confirm_delete="moodle-old"))
    assert (beats.do["changed"], stage.get("Backup", "moodle-old")) == (True, None)


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"cluster": "chemistry"}, "not_found", "There is no Cluster chemistry"),
        ({"cluster": "bare"}, "no_backup_method", "neither a backup plugin nor a backup section"),
        ({"cluster": "moodle", "method": "plugin"}, "no_backup_method", "does not use the plugin for backups"),
        ({"cluster": "moodle", "online": True}, "invalid", "is for volume snapshots"),
        ({"cluster": "moodle", "key": "Not a name"}, "invalid", "Invalid value"),
        ({"cluster": "asleep"}, "hibernated", "Wake it first"),
    ],
)
def test_bad_input_is_one_sentence_and_creates_nothing(stage: Stage, args: dict[str, t.Any], error: str, said: str) -> None:
    stage.cluster("bare", instances=1)
    stage.cluster("asleep", instances=1, annotations={"cnpg.io/hibernation": "on"}, backup=STORE)
    result = stage.run("cnpg_backup", **args)
    assert (result["failed"], result["error"]) == (True, error), result
    assert said in result["msg"]
    assert stage.kube.list("postgresql.cnpg.io/v1", "Backup", stage.namespace) == []


def test_the_examples_run(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    stage.backup("young", **{**DONE, "stoppedAt": "2999-01-01T00:00:00Z"})
    stage.backup("moodle-before-5.1", **DONE)
    play = run_play(examples_of("cnpg_backup"), variables={"namespace": stage.namespace}, environ=stage.server.environ)
    assert (play.rc, [row["changed"] for row in play.results]) == (0, [False, False, True]), play.output
