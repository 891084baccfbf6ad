# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_restore with CloudNativePG's real definitions on a real API server.

No operator and no pod runs: the tests write the status that the operator would write, and a server in front of the API
server answers for psql. The ObjectStore of the plugin is a stand-in for its definition. The cluster tier recovers for real.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest
from support.cnpg_stage import Stage, condition, meanwhile
from support.kubernetes import ApiServer, defined
from support.modules import MODULES, FourBeats, ModuleRunner, environment
from support.plays import PlayRunner
from support.pods import Pods, pods_in_front_of

BARMAN = "barmancloud.cnpg.io"
PLUGIN = {"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": {"barmanObjectName": "offsite"}}
ARCHIVE = {"plugin": {"object_store": "offsite", "server_name": "moodle"}}
SPEC = {"instances": 1, "storage": {"size": "1Gi"}}
DONE = {"phase": "completed", "stoppedAt": "2026-11-10T08:00:07Z", "endLSN": "0/6000158", "backupId": "20261110T080000"}
DRILL_LABEL = "campus.moodle/drill"


@pytest.fixture(scope="module")
def pods(api_server: ApiServer) -> t.Iterator[Pods]:
    """A psql that finds everything true."""
    with pods_in_front_of(api_server) as pods:
        yield pods


@pytest.fixture(scope="module")
def object_stores(api_server: ApiServer) -> t.Iterator[None]:
    """The kind ObjectStore while these tests run."""
    with defined(api_server, BARMAN, "ObjectStore"):
        yield


@pytest.fixture
def stage(
    api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str], pods: Pods, object_stores: None
) -> Stage:
    """A namespace with the cluster moodle, which archives to the ObjectStore offsite since the first of November."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.kubeconfig = pods.kubeconfig
    pods.run, pods.asked = lambda pod, command, text: (0, "t\n", ""), []
    window = {"serverRecoveryWindow": {"moodle": {"firstRecoverabilityPoint": "2026-11-01T00:00:07Z"}}}
    stage.create({"apiVersion": f"{BARMAN}/v1", "kind": "ObjectStore", "metadata": {"name": "offsite"}}, window)
    stage.cluster(instances=1, plugins=[PLUGIN])
    return stage


def common(stage: Stage, **args: t.Any) -> dict[str, t.Any]:
    return {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "name": "copy", "source": ARCHIVE, "spec": SPEC, **args}


def recover(stage: Stage, name: str, **status: t.Any) -> dict[str, t.Any]:
    """Do what the operator does when somebody asks for a recovery, and return what was asked for."""
    asked = stage.until("Cluster", name, lambda obj: "status" not in obj)
    said = {**stage.healthy(name, instances=asked["spec"]["instances"]), "image": asked["spec"].get("imageName", "")}
    stage.set_status("Cluster", name, **{**said, **status})
    return asked


def test_a_recovery_to_a_point_in_time_makes_a_new_cluster_once(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    beats = four_beats(
        "cnpg_restore", common(stage, target={"time": "2026-11-10T08:00:00Z"}, database="moodle", owner="moodle", wait=False)
    )
    spec = (stage.get("Cluster", "copy") or {})["spec"]
    assert spec["bootstrap"]["recovery"] == {
        "source": "origin",
        "database": "moodle",
        "owner": "moodle",
        "recoveryTarget": {"targetTime": "2026-11-10T08:00:00Z"},
    }
    plugin = spec["externalClusters"][0]["plugin"]
    assert (plugin["name"], plugin["parameters"]) == (PLUGIN["name"], {"barmanObjectName": "offsite", "serverName": "moodle"})
    assert (beats.do["server_name"], beats.do["recovery_window"]) == (None, {"first": "2026-11-01T00:00:07Z"})
    other = stage.run("cnpg_restore", **common(stage, target={"time": "2026-11-11T08:00:00Z"}))
    assert (other["failed"], other["error"], other["different"]) == (True, "exists", ["recoveryTarget"])
    initdb = stage.run("cnpg_restore", **common(stage, name="moodle"))
    assert (initdb["failed"], initdb["error"]) == (True, "exists")


def test_the_module_waits_for_health_and_a_run_that_was_cut_goes_on(stage: Stage) -> None:
    stage.run("cnpg_restore", **common(stage, wait=False))
    with stage.running("cnpg_restore", **common(stage)) as module:
        stage.set_status("Cluster", "copy", phase="Setting up primary")
        assert not module.done()
        stage.set_status("Cluster", "copy", **stage.healthy("copy", instances=1))
    result = module.result()
    assert (result["failed"], result["changed"], result["cluster"]["current_primary"]) == (False, False, "copy-1"), result


SNAPSHOT = {"storage": "snap", "tablespace_storage": {"big": "snap"}}
BUCKET = {"destinationPath": "s3://bucket", "serverName": "moodle", "s3Credentials": {"inheritFromIAMRole": True}}


@pytest.mark.parametrize(
    ("source", "target", "recovery"),
    [
        ({"backup": "good"}, None, {"backup": {"name": "good"}}),
        (
            {"backup": "good"},
            {"immediate": True},
            {"backup": {"name": "good"}, "recoveryTarget": {"targetImmediate": True, "backupID": DONE["backupId"]}},
        ),
        ({"backup": "plugins"}, None, {"source": "origin", "recoveryTarget": {"backupID": DONE["backupId"]}}),
        ({"barman_object_store": BUCKET}, {"timeline": "latest"}, {"source": "origin", "recoveryTarget": {"targetTLI": "latest"}}),
        ({"volume_snapshots": SNAPSHOT, **ARCHIVE}, {"lsn": "0/7000000"}, None),
    ],
)
def test_each_source_is_accepted_and_found_again(
    stage: Stage, source: dict[str, t.Any], target: t.Optional[dict[str, t.Any]], recovery: t.Optional[dict[str, t.Any]]
) -> None:
    stage.backup("good", **DONE)
    stage.backup("plugins", spec={"method": "plugin", "pluginConfiguration": {"name": PLUGIN["name"]}}, **DONE)
    with defined(stage.server, "snapshot.storage.k8s.io", "VolumeSnapshot"):
        stage.create({"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": {"name": "snap"}})
        results = [stage.run("cnpg_restore", **common(stage, source=source, target=target, wait=False)) for _ in range(2)]
    assert [(row["failed"], row["changed"]) for row in results] == [(False, True), (False, False)], results
    made = (stage.get("Cluster", "copy") or {})["spec"]["bootstrap"]["recovery"]
    if recovery is None:
        named = {"name": "snap", "kind": "VolumeSnapshot", "apiGroup": "snapshot.storage.k8s.io"}
        volumes = {"storage": named, "tablespaceStorage": {"big": named}}
        recovery = {"source": "origin", "volumeSnapshots": volumes, "recoveryTarget": {"targetLSN": "0/7000000"}}
    assert made == recovery


def test_a_recovered_cluster_is_then_managed_like_any_other(stage: Stage) -> None:
    stage.run("cnpg_restore", **common(stage, wait=False))
    before = (stage.get("Cluster", "copy") or {})["spec"]
    result = stage.run("cnpg_cluster", name="copy", instances=2, storage={"size": "1Gi"}, wait="none")
    assert (result["failed"], result["changed"]) == (False, True), result
    after = (stage.get("Cluster", "copy") or {})["spec"]
    assert {name: after[name] for name in ("bootstrap", "externalClusters")} == {
        name: before[name] for name in ("bootstrap", "externalClusters")
    }
    assert (after["instances"], stage.run("cnpg_restore", **common(stage, wait=False))["changed"]) == (2, False)


def test_a_recovery_whose_job_fails_ends_at_once_with_the_reason(stage: Stage) -> None:
    labels = {"cnpg.io/cluster": "copy", "cnpg.io/jobRole": "full-recovery"}
    container = {"name": "full-recovery", "image": "registry.invalid/postgresql:17.5"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "copy-1-full-recovery", "labels": labels},
        "spec": {"template": template},
    }
    reason = "Job has reached the specified backoff limit"
    failed = [condition(name, True, "BackoffLimitExceeded", reason) for name in ("FailureTarget", "Failed")]
    with stage.running("cnpg_restore", **common(stage)) as module:
        stage.until("Cluster", "copy", lambda obj: True)
        stage.create(job, {"conditions": failed, "startTime": "2026-11-21T08:00:00Z", "failed": 1})
        stage.set_status("Cluster", "copy", phase="Setting up primary")
    result = module.result()
    assert (result["failed"], result["error"], result["changed"]) == (True, "failed", True)
    assert "Job copy-1-full-recovery failed" in result["msg"]
    assert reason in result["msg"]


def test_the_new_cluster_archives_below_a_fresh_name_and_a_name_in_use_is_refused(stage: Stage) -> None:
    taken = {"serverRecoveryWindow": {"copy": {"firstRecoverabilityPoint": "2025-01-01T00:00:00Z"}}}
    stage.set_status("ObjectStore", "offsite", api_version=f"{BARMAN}/v1", **taken)
    with_plugin = {**SPEC, "plugins": [PLUGIN]}
    for name in ("moodle", "copy"):
        result = stage.run("cnpg_restore", **common(stage, spec=with_plugin, archive_server_name=name))
        assert (result["failed"], result["error"], result["server_name"]) == (True, "server_name_taken", name)
    assert stage.get("Cluster", "copy") is None
    for _ in range(2):
        result = stage.run("cnpg_restore", **common(stage, spec=with_plugin, wait=False))
        assert result["server_name"] == "copy-2"


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"target": {"time": "2026-10-01T00:00:00Z"}}, "outside_window", "the first point that can be recovered is 2026-11-01T00:00:07Z"),
        ({"target": {"time": "2999-01-01T00:00:00Z"}}, "outside_window", "it is in the future"),
        ({"target": {"name": "before"}}, "invalid_target", "needs the base backup"),
        ({"target": {"time": "a", "lsn": "b"}}, None, "mutually exclusive"),
        ({"source": {"backup": "gone"}}, "not_found", "There is no Backup gone"),
        ({"source": {"backup": "broken"}}, "backup_unusable", "its phase is failed. disk full"),
        ({"source": {"backup": "good"}, "target": {"lsn": "0/6000000"}}, "outside_window", "complete from 0/6000158 on"),
        ({"source": {"plugin": {"object_store": "gone", "server_name": "x"}}}, "not_found", "There is no ObjectStore gone"),
        ({"source": {}}, None, "one of the following is required"),
        ({"spec": {**SPEC, "instnces": 3}}, "invalid", "instnces"),
        ({"spec": {**SPEC, "bootstrap": {}}}, "invalid_spec", "must not have bootstrap"),
        ({"like": "gone"}, "not_found", "There is no Cluster gone"),
        ({"namespace": "nowhere"}, "not_found", "There is no ObjectStore offsite"),
    ],
)
def test_bad_input_is_one_sentence_and_creates_nothing(stage: Stage, args: dict[str, t.Any], error: t.Optional[str], said: str) -> None:
    stage.backup("broken", phase="failed", error="disk full")
    stage.backup("good", **DONE)
    result = stage.run("cnpg_restore", **common(stage, **args))
    assert (result["failed"], result.get("error")) == (True, error), result
    assert said in result["msg"]
    assert stage.get("Cluster", "copy") is None


# The drill.

ASSERTIONS = [{"sql": "SELECT count(*) > 1 FROM mdl_user -- it's quoted", "database": "moodle"}]


def claim(stage: Stage, name: str, **labels: str) -> None:
    """Create a volume, as the operator does for an instance."""
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
    metadata = {"name": name, "labels": {"cnpg.io/cluster": "copy", **labels}}
    stage.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


def release(stage: Stage, name: str) -> None:
    """Let a volume go when it is to be deleted, as the controller does when no pod uses it any more."""
    stage.until("PersistentVolumeClaim", name, lambda obj: "deletionTimestamp" in obj["metadata"])
    stage.patch("PersistentVolumeClaim", name, {"metadata": {"finalizers": None}})


def test_a_drill_recovers_asks_measures_and_removes_cluster_and_volumes(stage: Stage, pods: Pods) -> None:
    pods.run = lambda pod, command, text: (0, "1794297600\n" if "max" in text else "t\n", "")
    claim(stage, "copy-1-kept")
    query = {"sql": "SELECT max(timecreated) FROM mdl_log", "database": "moodle"}
    drill = common(stage, drill=True, like="moodle", assertions=ASSERTIONS, rpo_query=query, target={"time": "2026-11-10T08:01:00Z"})
    assert stage.run("cnpg_restore", check=True, **drill)["changed"] is False
    assert stage.get("Cluster", "copy") is None
    with stage.running("cnpg_restore", **drill) as module:
        asked = recover(stage, "copy")
        claim(stage, "copy-1", **{DRILL_LABEL: "true"})
        release(stage, "copy-1")
    result = module.result()
    assert (result["failed"], result["changed"], result["left_over"]) == (False, False, False), result
    assert (result["rto_seconds"] > 0, result["rpo_seconds"], result["rpo_method"]) == (True, 60.0, "query")
    assert [row["holds"] for row in result["assertions"]] == [True]
    assert "plugins" not in asked["spec"]
    assert asked["metadata"]["labels"] == asked["spec"]["inheritedMetadata"]["labels"] == {DRILL_LABEL: "true"}
    pod, command, text = pods.asked[0]
    assert (pod, command[0], command[-1], text) == ("copy-1", "psql", "moodle", ASSERTIONS[0]["sql"])
    assert stage.get("Cluster", "copy") is None
    assert stage.get("PersistentVolumeClaim", "copy-1") is None
    assert stage.get("PersistentVolumeClaim", "copy-1-kept") is not None, "volumes that somebody kept are not the drill's"


def test_an_assertion_that_does_not_hold_fails_the_drill_and_its_cluster_is_removed(stage: Stage, pods: Pods) -> None:
    pods.run = lambda pod, command, text: (3, "", 'ERROR:  relation "mdl_user" does not exist')
    with stage.running("cnpg_restore", **common(stage, drill=True, assertions=ASSERTIONS)) as module:
        recover(stage, "copy")
    result = module.result()
    assert (result["failed"], result["error"], result["left_over"]) == (True, "assertion", False), result
    assert "does not exist" in result["msg"]
    assert stage.get("Cluster", "copy") is None


def test_what_a_killed_drill_left_is_found_and_removed_by_the_next_one(stage: Stage) -> None:
    args = common(stage, drill=True, assertions=ASSERTIONS)
    internal = {"_ansible_check_mode": False, "_ansible_diff": False, "_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False}
    command = [sys.executable, "-m", f"{MODULES}.cnpg_restore"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(PYTHONPATH=":".join(sys.path))
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}}).encode())
        process.stdin.close()
        first = stage.until("Cluster", "copy", lambda obj: True)
        process.kill()
    with stage.running("cnpg_restore", **args) as module:
        stage.until("Cluster", "copy", lambda obj: obj["metadata"]["uid"] != first["metadata"]["uid"])
        recover(stage, "copy")
    assert (module.result()["failed"], module.result()["left_over"]) == (False, True), module.result()
    assert stage.get("Cluster", "copy") is None


def test_a_drill_never_removes_a_cluster_that_is_none(stage: Stage) -> None:
    result = stage.run("cnpg_restore", **common(stage, name="moodle", drill=True))
    assert (result["failed"], result["error"]) == (True, "exists")
    assert stage.get("Cluster", "moodle") is not None


def test_the_examples_run(stage: Stage, pods: Pods, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    pods.run = lambda pod, command, text: (0, "1794297600\n" if "max" in text else "t\n", "")
    stage.backup("moodle-before-5.1", **DONE)
    tasks = examples_of("cnpg_restore")
    options = {"variables": {"namespace": stage.namespace}, "environ": {"K8S_AUTH_KUBECONFIG": pods.kubeconfig}}
    with meanwhile(run_play, tasks, **options) as play:
        for task in tasks:
            recover(stage, task["campus.moodle.cnpg_restore"]["name"])
    assert (play.result().rc, [row["changed"] for row in play.result().results]) == (0, [True, True, False]), play.result().output
