# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Recovery: where from, up to where, into which cluster; and the drill that leaves nothing."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._restore.drill import seconds_lost
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._restore.object import fresh_name
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._restore.source import Source, resolve_source
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._restore.target import check_target, recovery_target
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.restore import run as run_module
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import NAMESPACE, PLUGIN, backup, cluster, object_store
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
ARCHIVE = {"name": PLUGIN["name"], "object_store": "offsite", "server_name": "moodle"}
SPEC: dict[str, t.Any] = {"instances": 1, "storage": {"size": "1Gi"}}
OPTIONS: dict[str, t.Any] = {
    "name": "copy",
    "namespace": NAMESPACE,
    "source": {"plugin": ARCHIVE},
    "target": None,
    "spec": SPEC,
    "like": None,
    "archive_server_name": None,
    "database": None,
    "owner": None,
    "secret": None,
    "wait": True,
    "wait_timeout": 1,
    "drill": False,
    "assertions": [],
    "rpo_query": None,
    "query_timeout": 5,
    "keep_failed": False,
}
DONE = {"phase": "completed", "stoppedAt": "2026-11-21T08:00:07Z", "endLSN": "0/6000158", "backupId": "20261121T080000"}
ORIGIN = {"name": "origin", "plugin": {"name": PLUGIN["name"], "parameters": {"barmanObjectName": "offsite", "serverName": "moodle"}}}


def resolve(client: FakeClient, **source: t.Any) -> Source:
    return resolve_source(t.cast(t.Any, client), NAMESPACE, source)


def made(client: FakeClient, name: str = "copy") -> dict[str, t.Any]:
    return client.objects["Cluster", NAMESPACE, name]


def run(client: FakeClient, *, check_mode: bool = False, warnings: t.Optional[list[str]] = None, **options: t.Any) -> dict[str, t.Any]:
    params = {**OPTIONS, **options}
    warn = (warnings if warnings is not None else []).append
    return run_module(t.cast(t.Any, client), params, check_mode=check_mode, warn=warn)


def healthy(name: str = "copy", instances: int = 1) -> t.Callable[[FakeClient], None]:
    """Return the step of an operator that has recovered a cluster."""
    reported = cluster(name, primary=f"{name}-1", instances=instances)["status"]
    return lambda client: client.set_status("Cluster", name, **reported)


def test_a_backup_of_the_built_in_kind_is_recovered_by_its_name() -> None:
    source = resolve(FakeClient(backup("one", **DONE)), backup="one")
    assert (source.recovery, source.external) == ({"backup": {"name": "one"}}, None)
    assert (source.server_name, source.first, source.first_lsn) == ("moodle", DONE["stoppedAt"], DONE["endLSN"])


def test_a_backup_of_a_plugin_is_recovered_from_where_the_plugin_keeps_it() -> None:
    mine = backup("one", spec={"method": "plugin", "pluginConfiguration": {"name": PLUGIN["name"]}}, **DONE)
    source = resolve(FakeClient(mine, cluster(plugins=[PLUGIN]), object_store()), backup="one")
    assert (source.recovery, source.external) == ({"source": "origin"}, ORIGIN)
    assert recovery_target({}, source) == {"backupID": "20261121T080000"}
    with pytest.raises(CnpgError, match="Cluster moodle, which knew where the plugin keeps it, does not exist any more") as caught:
        resolve(FakeClient(mine), backup="one")
    assert caught.value.details["error"] == "source_incomplete"


@pytest.mark.parametrize(
    ("objects", "source", "error", "message"),
    [
        ([], {"backup": "one"}, "not_found", "There is no Backup one"),
        ([backup("one", phase="failed", error="disk full")], {"backup": "one"}, "backup_unusable", "its phase is failed. disk full"),
        ([backup("one", phase="running")], {"backup": "one"}, "backup_unusable", "its phase is running"),
        ([], {"plugin": ARCHIVE}, "not_found", "There is no ObjectStore offsite"),
        ([], {"barman_object_store": {"destinationPath": "s3://b"}}, "source_incomplete", "needs serverName"),
        ([], {"volume_snapshots": {"storage": "snap"}}, "not_found", "There is no VolumeSnapshot snap"),
    ],
)
def test_a_source_that_cannot_be_recovered_is_refused(
    objects: list[dict[str, t.Any]], source: dict[str, t.Any], error: str, message: str
) -> None:
    with pytest.raises(CnpgError, match=message) as caught:
        resolve(FakeClient(*objects), **source)
    assert caught.value.details["error"] == error


def test_volume_snapshots_may_come_with_an_archive() -> None:
    snapshot = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": "snap", "namespace": NAMESPACE, "annotations": {"cnpg.io/snapshotEndTime": "2026-11-21T08:00:00Z"}},
    }
    volumes = {"storage": "snap", "wal_storage": "wal", "tablespace_storage": {"big": "big-snap"}}
    source = resolve(FakeClient(snapshot, object_store(moodle="2026-11-01T00:00:00Z")), plugin=ARCHIVE, volume_snapshots=volumes)
    named = {"kind": "VolumeSnapshot", "apiGroup": "snapshot.storage.k8s.io"}
    assert source.recovery == {
        "source": "origin",
        "volumeSnapshots": {
            "storage": {"name": "snap", **named},
            "walStorage": {"name": "wal", **named},
            "tablespaceStorage": {"big": {"name": "big-snap", **named}},
        },
    }
    assert source.first == "2026-11-21T08:00:00Z", "the snapshot is younger than the first base backup of the archive"
    assert recovery_target({"immediate": True}, source) == {"targetImmediate": True}


ARCHIVED = Source({"source": "origin"}, ORIGIN, "moodle", "", "2026-11-01T00:00:07Z", "0/6000158")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"time": "2026-11-21T08:00:00Z"}, {"targetTime": "2026-11-21T08:00:00Z"}),
        ({"lsn": "0/7000000", "timeline": "latest"}, {"targetLSN": "0/7000000", "targetTLI": "latest"}),
        ({"name": "before", "backup_id": "b", "exclusive": True}, {"targetName": "before", "backupID": "b", "exclusive": True}),
        ({"xid": "800", "backup_id": "b"}, {"targetXID": "800", "backupID": "b"}),
        ({"immediate": False, "exclusive": False}, {}),
    ],
)
def test_a_target_has_the_names_of_cloudnativepg(target: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    assert recovery_target(target, ARCHIVED) == expected


@pytest.mark.parametrize("target", [{"name": "before"}, {"xid": "800"}, {"immediate": True}])
def test_a_target_that_the_operator_cannot_find_a_base_backup_for_needs_one(target: dict[str, t.Any]) -> None:
    with pytest.raises(CnpgError, match=r"needs the base backup to start from\. Give its id in target\.backup_id"):
        recovery_target(target, ARCHIVED)


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ({"time": "2026-10-31T00:00:00Z"}, "outside_window", "first point that can be recovered is 2026-11-01T00:00:07Z"),
        ({"time": "2026-11-21T12:00:01Z"}, "outside_window", "in the future: now it is 2026-11-21T12:00:00Z"),
        ({"time": "2026-11-01 02:00:06+02"}, "outside_window", "first point"),
        ({"time": "eight o'clock"}, "invalid_target", "write it as"),
        ({"lsn": "0/6000157"}, "outside_window", "complete from 0/6000158 on"),
        ({"lsn": "6000158"}, "invalid_target", "looks like 0/3000148"),
        ({"name": "x" * 64}, "invalid_target", "at most 63 bytes"),
        ({"name": "a\nb"}, "invalid_target", "no control characters"),
        ({"xid": str(2**32)}, "invalid_target", "32 bits"),
        ({"xid": "-1"}, "invalid_target", "32 bits"),
    ],
)
def test_a_target_that_cannot_be_reached_is_refused_with_the_reason(target: dict[str, t.Any], error: str, message: str) -> None:
    with pytest.raises(CnpgError, match=message) as caught:
        check_target(target, ARCHIVED, NOW)
    assert caught.value.details["error"] == error


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"time": "2026-11-01T00:00:07Z"},
        {"time": "2026-11-21 12:00:00"},
        {"lsn": "0/6000158"},
        {"name": "before"},
        {"xid": "4294967295"},
    ],
)
def test_a_target_inside_the_window_is_let_through(target: dict[str, t.Any]) -> None:
    assert check_target(target, ARCHIVED, NOW) is None


@pytest.mark.parametrize("target", [{"time": "2020-01-01T00:00:00Z"}, {"lsn": "0/1"}])
def test_what_is_not_known_of_the_source_is_reported_and_not_guessed(target: dict[str, t.Any]) -> None:
    assert "not checked" in str(check_target(target, Source({"source": "origin"}), NOW))


def test_a_new_cluster_is_created_and_waited_for() -> None:
    client = FakeClient(object_store(moodle="2026-11-01T00:00:07Z"))
    client.script = [healthy()]
    result = run(client, target={"time": "2026-11-02T00:00:00Z"}, database="moodle", owner="moodle", secret="owner")
    assert (result["changed"], result["cluster"]["current_primary"], result["server_name"]) == (True, "copy-1", None)
    assert result["recovery_window"] == {"first": "2026-11-01T00:00:07Z"}
    spec = made(client)["spec"]
    assert spec["bootstrap"]["recovery"] == {
        "source": "origin",
        "database": "moodle",
        "owner": "moodle",
        "secret": {"name": "owner"},
        "recoveryTarget": {"targetTime": "2026-11-02T00:00:00Z"},
    }
    assert (spec["externalClusters"], spec["storage"]) == ([ORIGIN], {"size": "1Gi"})


def test_the_same_restore_goes_on_with_its_cluster_and_another_one_is_refused() -> None:
    client = FakeClient(object_store())
    run(client, wait=False)
    client.script = [healthy()]
    again = run(client)
    assert (again["changed"], again["diff"]["before"]) == (False, again["diff"]["after"])
    with pytest.raises(CnpgError, match="exists and is another one: recoveryTarget differ") as caught:
        run(client, target={"time": "2026-11-02T00:00:00Z"})
    assert (caught.value.details["error"], caught.value.details["different"]) == ("exists", ["recoveryTarget"])


def test_a_cluster_that_was_made_in_another_way_is_refused() -> None:
    with pytest.raises(CnpgError, match="exists and is another one: source differ"):
        run(FakeClient(object_store(), cluster("copy", bootstrap={"initdb": {"database": "app"}})))


@pytest.mark.parametrize(
    ("taken", "expected"), [(set(), "copy"), ({"moodle"}, "copy"), ({"copy"}, "copy-2"), ({"copy", "copy-2"}, "copy-3")]
)
def test_a_fresh_name_is_the_clusters_own_or_that_with_a_number(taken: set[str], expected: str) -> None:
    assert fresh_name("copy", taken) == expected


def test_the_new_cluster_archives_below_a_name_that_is_not_in_use() -> None:
    client = FakeClient(object_store(moodle="2026-11-01T00:00:07Z", copy="2025-01-01T00:00:00Z"))
    result = run(client, spec={**SPEC, "plugins": [PLUGIN]}, wait=False)
    assert result["server_name"] == "copy-2"
    assert made(client)["spec"]["plugins"][0]["parameters"] == {"barmanObjectName": "offsite", "serverName": "copy-2"}
    assert run(client, spec={**SPEC, "plugins": [PLUGIN]}, wait=False)["server_name"] == "copy-2", "the second run keeps the name"


@pytest.mark.parametrize("requested", ["moodle", "old", "neighbour"])
def test_a_name_in_the_archive_that_is_in_use_is_refused(requested: str) -> None:
    plugin = {**PLUGIN, "parameters": {"barmanObjectName": "offsite"}}
    client = FakeClient(object_store(moodle="2026-11-01T00:00:07Z", old="2025-01-01T00:00:00Z"), cluster("neighbour", plugins=[plugin]))
    for options in (
        {"archive_server_name": requested, "spec": {**SPEC, "plugins": [plugin]}},
        {"spec": {**SPEC, "backup": {"barmanObjectStore": {"serverName": requested}}}},
    ):
        if "backup" in options["spec"] and requested == "old":
            continue
        with pytest.raises(CnpgError, match=f"below the name {requested}, which is in use") as caught:
            run(client, **options)
        assert caught.value.details["error"] == "server_name_taken"
    assert client.calls == []


def test_a_cluster_made_like_another_one_takes_over_how_it_runs_and_not_its_names() -> None:
    other = cluster(
        imageName="postgresql:17.5",
        storage={"size": "20Gi"},
        postgresql={"parameters": {"max_connections": "300"}},
        plugins=[{**PLUGIN, "parameters": {"barmanObjectName": "offsite", "serverName": "moodle"}}],
        bootstrap={"initdb": {}},
        certificates={"serverCASecret": "mine"},
        replica={"source": "x"},
    )
    client = FakeClient(object_store(), other)
    assert run(client, spec={"instances": 1}, like="moodle", wait=False)["server_name"] == "copy"
    spec = made(client)["spec"]
    assert (spec["imageName"], spec["storage"], spec["instances"]) == ("postgresql:17.5", {"size": "20Gi"}, 1)
    assert spec["postgresql"] == {"parameters": {"max_connections": "300"}}
    assert spec["plugins"][0]["parameters"]["serverName"] == "copy"
    assert not {"certificates", "replica"} & set(spec)
    assert other["spec"]["plugins"][0]["parameters"]["serverName"] == "moodle"


@pytest.mark.parametrize("name", ["bootstrap", "externalClusters", "replica"])
def test_where_the_data_come_from_is_not_given_in_spec(name: str) -> None:
    with pytest.raises(CnpgError, match=f"must not have {name}"):
        run(FakeClient(object_store()), spec={**SPEC, name: {}})


def test_check_mode_checks_and_predicts_without_creating() -> None:
    client = FakeClient(object_store())
    predicted = run(client, check_mode=True)
    assert client.calls == [("dry apply", "Cluster", "copy")]
    assert predicted["diff"] == run(client, wait=False)["diff"]


# The drill.

ASSERTION = {"sql": "SELECT count(*) > 1 FROM mdl_user", "database": "moodle", "expect": "t"}
DRILL = {"drill": True, "assertions": [ASSERTION]}


def drill_world(*answers: Result, **options: t.Any) -> FakeClient:
    client = FakeClient(object_store(moodle="2026-11-01T00:00:07Z"), cluster(plugins=[PLUGIN], **options))
    client.script = [healthy()]
    client.answers = {
        f"psql -U postgres -qAtX -v ON_ERROR_STOP=1 -f - -d {database}": answer for database, answer in zip(("moodle", "app"), answers)
    }
    return client


def test_a_drill_recovers_queries_measures_and_leaves_nothing() -> None:
    client = drill_world(Result(0, "t\n", ""))
    client.answers["moodle-1/pg/status"] = {"lastArchivedWALTime": "2020-01-01T00:00:00Z"}
    result = run(client, **DRILL, like="moodle")
    assert (result["changed"], result["left_over"]) == (False, False)
    assert result["assertions"] == [{"sql": ASSERTION["sql"], "database": "moodle", "answer": "t", "error": "", "holds": True}]
    assert result["rto_seconds"] >= 0
    assert (result["rpo_method"], result["rpo_seconds"] > 0) == ("archive", True)
    assert ("Cluster", NAMESPACE, "copy") not in client.objects
    assert client.stdin == [ASSERTION["sql"]], "the statement is not part of a command"


def test_the_cluster_of_a_drill_is_small_archives_nothing_and_is_labelled() -> None:
    client = drill_world(postgresql={"parameters": {}, "synchronous": {"method": "any", "number": 1}}, backup={"volumeSnapshot": {}})
    seen: list[dict[str, t.Any]] = []
    client.script = [lambda it: seen.append(made(it)), healthy()]
    run(client, drill=True, like="moodle")
    spec, labels = seen[0]["spec"], seen[0]["metadata"]["labels"]
    assert (spec["instances"], spec["postgresql"]) == (1, {"parameters": {}})
    assert not {"plugins", "backup"} & set(spec)
    assert labels == spec["inheritedMetadata"]["labels"] == {"campus.moodle/drill": "true"}


@pytest.mark.parametrize("answer", [Result(0, "f\n", ""), Result(0, "", ""), Result(3, "", "ERROR: relation does not exist")])
def test_an_assertion_that_does_not_hold_fails_the_drill_and_the_cluster_is_removed_all_the_same(answer: Result) -> None:
    client = drill_world(answer)
    with pytest.raises(CnpgError, match="are not as they should be: SELECT count") as caught:
        run(client, **DRILL)
    assert [caught.value.details[name] for name in ("error", "left_over", "changed")] == ["assertion", False, False]
    assert caught.value.details["assertions"][0]["holds"] is False
    assert ("Cluster", NAMESPACE, "copy") not in client.objects


def test_a_failed_drill_can_be_kept_and_the_next_one_removes_it() -> None:
    client = drill_world(Result(0, "f", ""))
    with pytest.raises(CnpgError) as caught:
        run(client, **DRILL, keep_failed=True)
    assert caught.value.details["left_over"] is True
    assert made(client)["metadata"]["labels"] == {"campus.moodle/drill": "true"}
    client.answers = {key: Result(0, "t", "") for key in client.answers}
    client.script = [healthy()]
    assert run(client, **DRILL)["left_over"] is True
    assert ("Cluster", NAMESPACE, "copy") not in client.objects


def test_a_command_that_cannot_be_run_also_leaves_nothing() -> None:
    client = drill_world(Result(0, "t", ""))
    client.errors["exec", "Pod"] = KubeError("Cannot run psql in Pod copy-1.", error="forbidden")
    with pytest.raises(KubeError):
        run(client, **DRILL)
    assert ("Cluster", NAMESPACE, "copy") not in client.objects


def claim(name: str, **labels: str) -> dict[str, t.Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"cnpg.io/cluster": "copy", **labels}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}


def test_volumes_that_were_kept_are_never_removed_by_a_drill_of_that_name() -> None:
    client = drill_world(Result(0, "t", ""))
    client.put(claim("copy-1-kept"))
    client.put(claim("copy-1", **{"campus.moodle/drill": "true"}))
    assert run(client, **DRILL)["left_over"] is True
    assert [key[2] for key in client.objects if key[0] == "PersistentVolumeClaim"] == ["copy-1-kept"]


def test_a_cluster_that_no_drill_has_made_is_never_removed() -> None:
    client = drill_world()
    client.put(cluster("copy"))
    with pytest.raises(CnpgError, match="is not a drill, so it was left alone") as caught:
        run(client, **DRILL)
    assert (caught.value.details["error"], client.calls) == ("exists", [])


def test_the_loss_is_what_is_missing_before_the_target() -> None:
    client = drill_world(Result(0, "t", ""), Result(0, "1762041600", ""))
    query = {"sql": "SELECT max(timecreated) FROM mdl_logstore_standard_log", "database": "app"}
    result = run(
        client, **DRILL, rpo_query=query, target={"time": "2025-11-02T00:01:00Z"}, source={"barman_object_store": {"serverName": "moodle"}}
    )
    assert (result["rpo_seconds"], result["rpo_method"]) == (60.0, "query")


@pytest.mark.parametrize(("newest", "expected"), [("2026-11-21 11:59:00+00", 60.0), ("1795262340", 60.0), ("2026-11-21T13:00:00Z", 0.0)])
def test_the_newest_time_may_be_a_time_or_unix_seconds(newest: str, expected: float) -> None:
    assert seconds_lost(newest, NOW) == expected


def test_a_query_that_fails_also_leaves_nothing() -> None:
    client = drill_world(Result(0, "t", ""), Result(1, "", "ERROR: no such table"))
    with pytest.raises(CnpgError, match="The rpo_query failed: ERROR: no such table") as caught:
        run(client, **DRILL, rpo_query={"sql": "SELECT 1", "database": "app"})
    assert (caught.value.details["error"], caught.value.details["changed"]) == ("invalid_rpo_query", False)
    assert ("Cluster", NAMESPACE, "copy") not in client.objects


def test_an_answer_that_is_not_a_time_is_an_error() -> None:
    with pytest.raises(CnpgError, match="must answer one time"):
        seconds_lost("many", NOW)


def test_check_mode_of_a_drill_checks_the_source_and_creates_nothing() -> None:
    client = drill_world()
    assert run(client, **DRILL, check_mode=True)["changed"] is False
    assert client.calls == [("dry apply", "Cluster", "copy")]
    with pytest.raises(CnpgError, match="first point"):
        run(client, **DRILL, check_mode=True, target={"time": "2020-01-01T00:00:00Z"})


def test_what_could_not_be_checked_is_a_warning() -> None:
    warnings: list[str] = []
    run(FakeClient(object_store()), warnings=warnings, target={"time": "2020-01-01T00:00:00Z"}, wait=False)
    assert len(warnings) == 1
