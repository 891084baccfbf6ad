# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Base backups: which one is meant, how it is taken, and how each failure reads."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._backups import choose_method, recovery_window, summary
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.backup import FAILURES, backup_object, check_backup, generated_name
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.backup import run as run_module
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import (
    NAMESPACE,
    PLUGIN,
    backup,
    cluster,
    object_store,
    status,
    view,
)
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

OPTIONS: dict[str, t.Any] = {
    "state": "taken",
    "cluster": "moodle",
    "namespace": NAMESPACE,
    "wait": True,
    "wait_timeout": 1,
    "name": None,
    "key": None,
    "max_age": None,
    "method": "auto",
    "plugin": None,
    "plugin_parameters": None,
    "target": None,
    "online": None,
    "confirm_delete": None,
}
IN_TREE = {"backup": {"barmanObjectStore": {"destinationPath": "s3://bucket"}}}
DONE = {"phase": "completed", "startedAt": "2026-11-21T08:00:00Z", "stoppedAt": "2026-11-21T08:00:07Z"}


def run(client: FakeClient, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return run_module(t.cast(t.Any, client), {**OPTIONS, **options}, check_mode=check_mode)


def test_the_name_is_the_one_that_the_command_line_tool_would_choose() -> None:
    assert generated_name("moodle", datetime.datetime(2026, 11, 21, 8, 0, 7)) == "moodle-20261121080007"


@pytest.mark.parametrize(
    ("spec", "method", "plugin", "expected"),
    [
        ({"plugins": [PLUGIN], **IN_TREE}, "auto", None, ("plugin", PLUGIN["name"])),
        (IN_TREE, "auto", None, ("barmanObjectStore", None)),
        ({"backup": {"volumeSnapshot": {}}}, "auto", None, ("volumeSnapshot", None)),
        ({"plugins": [PLUGIN, {"name": "other"}]}, "plugin", "other", ("plugin", "other")),
        ({"plugins": [PLUGIN]}, "volumeSnapshot", None, ("volumeSnapshot", None)),
    ],
)
def test_the_method_is_the_one_that_the_cluster_is_set_up_for(
    spec: dict[str, t.Any], method: str, plugin: t.Optional[str], expected: tuple[str, t.Optional[str]]
) -> None:
    assert choose_method(view(**spec), method, plugin) == expected


@pytest.mark.parametrize(
    ("spec", "method", "plugin", "message"),
    [
        ({}, "auto", None, "neither a backup plugin nor a backup section"),
        ({}, "plugin", None, "does not use the plugin for backups; it uses: none"),
        ({"plugins": [PLUGIN]}, "plugin", "other", "does not use the plugin other; it uses: barman-cloud.cloudnative-pg.io"),
    ],
)
def test_a_cluster_without_the_method_is_refused_before_anything_is_created(
    spec: dict[str, t.Any], method: str, plugin: t.Optional[str], message: str
) -> None:
    client = FakeClient(cluster(**spec))
    with pytest.raises(CnpgError, match=message) as caught:
        run(client, method=method, plugin=plugin)
    assert caught.value.details["error"] == "no_backup_method"
    assert client.calls == []


def test_a_backup_carries_only_what_was_given() -> None:
    built = backup_object(view(), "one", method="plugin", plugin="p", plugin_parameters={"a": "b"}, target="primary", online=False)
    assert built["spec"] == {
        "cluster": {"name": "moodle"},
        "method": "plugin",
        "pluginConfiguration": {"name": "p", "parameters": {"a": "b"}},
        "target": "primary",
        "online": False,
    }
    assert built["metadata"]["labels"] == {"cnpg.io/cluster": "moodle"}
    assert backup_object(view(), "one", method="barmanObjectStore")["spec"] == {
        "cluster": {"name": "moodle"},
        "method": "barmanObjectStore",
    }


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (None, "waiting"),
        ("pending", "waiting"),
        ("started", "waiting"),
        ("running", "waiting"),
        ("finalizing", "waiting"),
        ("a phase of the future", "waiting"),
        ("completed", "done"),
        ("failed", "failed"),
        ("walArchivingFailing", "failed"),
        ("invalid backup definition", "failed"),
    ],
)
def test_each_phase_means_waiting_done_or_failed(phase: t.Optional[str], state: str) -> None:
    assert check_backup(backup(phase=phase)).state == state


def test_a_backup_that_is_deleted_while_waiting_is_a_failure() -> None:
    assert check_backup(None).state == "failed"


def test_a_summary_has_names_of_its_own_and_the_duration() -> None:
    shown = summary(
        backup(
            **DONE,
            backupId="20261121T080000",
            beginLSN="0/6000028",
            endLSN="0/6000158",
            instanceID={"podName": "moodle-2"},
            snapshotBackupStatus={"elements": [{"name": "snap", "type": "PG_DATA"}]},
        )
    )
    expected = {"duration": 7.0, "backup_id": "20261121T080000", "begin_lsn": "0/6000028", "instance": "moodle-2", "snapshots": ["snap"]}
    assert {name: shown[name] for name in expected} == expected


def test_the_recovery_window_of_a_plugin_comes_from_its_object_store() -> None:
    client = t.cast(t.Any, FakeClient(object_store(moodle="2026-11-01T00:00:07Z", other="2025-01-01T00:00:00Z")))
    assert recovery_window(client, view(plugins=[PLUGIN]))["first"] == "2026-11-01T00:00:07Z"
    in_tree = view(**IN_TREE, status={"firstRecoverabilityPoint": "2026-10-01T00:00:00Z"})
    assert recovery_window(client, in_tree)["first"] == "2026-10-01T00:00:00Z"


def test_an_object_store_that_cannot_be_read_leaves_the_window_unknown() -> None:
    client = FakeClient()
    client.errors["get", "ObjectStore"] = KubeError("The API server does not know this kind.", error="unknown_kind")
    assert set(recovery_window(t.cast(t.Any, client), view(plugins=[PLUGIN])).values()) == {None}


def test_a_backup_is_created_and_waited_for() -> None:
    client = FakeClient(cluster(**IN_TREE))
    client.script = [status("Backup", "moodle-upgrade", phase="running"), status("Backup", "moodle-upgrade", **DONE)]
    result = run(client, key="upgrade")
    assert result["changed"] is True
    assert (result["backup"]["name"], result["backup"]["phase"]) == ("moodle-upgrade", "completed")
    assert client.calls == [("create", "Backup", "moodle-upgrade")]


def test_a_second_run_with_the_same_key_finds_the_backup() -> None:
    client = FakeClient(cluster(**IN_TREE), backup("moodle-upgrade", **DONE))
    result = run(client, key="upgrade")
    assert (result["changed"], client.calls) == (False, [])
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_backup_that_is_still_being_taken_is_waited_for_and_not_taken_twice() -> None:
    client = FakeClient(cluster(**IN_TREE), backup("moodle-upgrade", phase="running"))
    client.script = [status("Backup", "moodle-upgrade", **DONE)]
    result = run(client, key="upgrade")
    assert (result["changed"], result["backup"]["phase"], client.calls) == (False, "completed", [])


def test_a_failed_backup_of_the_same_key_is_taken_again() -> None:
    client = FakeClient(cluster(**IN_TREE), backup("moodle-upgrade", phase="failed", error="no space"))
    before = run(client, key="upgrade", check_mode=True)
    assert client.calls == [("dry delete", "Backup", "moodle-upgrade")]
    client.script = [status("Backup", "moodle-upgrade", **DONE)]
    result = run(client, key="upgrade")
    assert client.calls[1:] == [("delete", "Backup", "moodle-upgrade"), ("create", "Backup", "moodle-upgrade")]
    assert (result["changed"], result["diff"]) == (before["changed"], before["diff"])
    assert result["diff"]["before"]["phase"] == "failed"


def test_a_backup_of_that_name_with_another_definition_is_refused() -> None:
    client = FakeClient(cluster(**IN_TREE), backup("moodle-upgrade", spec={"target": "prefer-standby"}, **DONE))
    with pytest.raises(CnpgError, match="another one: target differ") as caught:
        run(client, key="upgrade", target="primary")
    assert caught.value.details["error"] == "exists"


@pytest.mark.parametrize(
    ("rows", "changed"),
    [
        ([], True),
        ([backup("old", phase="completed", stoppedAt="2001-01-01T00:00:00Z")], True),
        ([backup("young", phase="completed", stoppedAt="2999-01-01T00:00:00Z")], False),
        ([backup("other", of="chemistry", phase="completed", stoppedAt="2999-01-01T00:00:00Z")], True),
        ([backup("failed", phase="failed", stoppedAt="2999-01-01T00:00:00Z")], True),
        ([backup("now", phase="running")], False),
    ],
)
def test_a_young_backup_or_one_that_is_being_taken_makes_another_one_needless(rows: list[dict[str, t.Any]], changed: bool) -> None:
    assert run(FakeClient(cluster(**IN_TREE), *rows), max_age="1h", wait=False)["changed"] is changed


@pytest.mark.parametrize("phase", FAILURES)
def test_each_way_to_fail_has_its_own_word_and_the_operators_reason(phase: str) -> None:
    client = FakeClient(cluster(**IN_TREE))
    client.script = [status("Backup", "moodle-one", phase=phase, error="the reason", commandError="exit status 4")]
    with pytest.raises(CnpgError, match="is not complete: the reason: exit status 4") as caught:
        run(client, key="one")
    assert caught.value.details["error"] == FAILURES[phase].key
    assert caught.value.details["backup"]["phase"] == phase
    assert caught.value.details["changed"] is True
    assert FAILURES[phase].advice in str(caught.value)


def test_a_backup_that_takes_too_long_names_the_one_that_it_waits_for() -> None:
    client = FakeClient(cluster(**IN_TREE), backup("moodle-first", phase="running"))
    with pytest.raises(CnpgError, match=r"after 1 seconds: Its phase is pending\. It waits for: moodle-first") as caught:
        run(client, key="second")
    assert caught.value.details["error"] == "timeout"


def test_a_hibernated_cluster_is_not_backed_up() -> None:
    client = FakeClient(cluster(annotations={"cnpg.io/hibernation": "on"}, **IN_TREE))
    with pytest.raises(CnpgError, match="is hibernated"):
        run(client)
    assert client.calls == []


def test_online_is_for_volume_snapshots() -> None:
    with pytest.raises(CnpgError, match="backed up by barmanObjectStore"):
        run(FakeClient(cluster(**IN_TREE)), online=True)


def test_check_mode_has_the_server_check_the_backup_and_waits_for_nothing() -> None:
    client = FakeClient(cluster(**IN_TREE))
    assert run(client, check_mode=True)["changed"] is True
    assert [verb for verb, _kind, _name in client.calls] == ["dry create"]


@pytest.mark.parametrize("confirm", [None, "upgrade", "moodle"])
def test_a_backup_is_deleted_only_when_its_name_is_confirmed(confirm: t.Optional[str]) -> None:
    client = FakeClient(backup("moodle-upgrade", **DONE))
    options: dict[str, t.Any] = {"state": "absent", "key": "upgrade", "confirm_delete": confirm}
    with pytest.raises(CnpgError, match="Set confirm_delete to moodle-upgrade"):
        run(client, **options)
    options["confirm_delete"] = "moodle-upgrade"
    assert run(client, **options)["changed"] is True
    assert run(client, **options)["changed"] is False


def test_a_backup_of_another_cluster_is_not_deleted() -> None:
    client = FakeClient(backup("one", of="chemistry", **DONE))
    with pytest.raises(CnpgError, match="is one of Cluster chemistry"):
        run(client, state="absent", name="one", confirm_delete="one")
    assert client.calls == []
