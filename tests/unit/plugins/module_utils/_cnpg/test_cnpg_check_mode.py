# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The first check of a play on an empty cluster, and policies that a task leaves out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import database as database_module
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import schedule as schedule_module
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._spec import first_difference
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import API, PLUGIN, cluster
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

WARNING = "There is no Cluster moodle in namespace physics yet, so what depends on it is not known."
DATABASE = "Database", "physics", "moodle-archive"


def database(client: FakeClient, *, check: bool = False, **given: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """Run cnpg_database and return its result and its warnings."""
    names = ("resource_name", "extensions", "schemas", "reclaim_policy", "confirm_delete", "spec", "roles")
    fixed = {"name": "archive", "cluster": "moodle", "namespace": "physics", "owner": "moodle", "state": "present"}
    options = {"role_api": "auto", "wait": "none", "wait_timeout": 5, "force_conflicts": False}
    warned: list[str] = []
    params = {**dict.fromkeys(names), **fixed, **options, **given}
    return database_module.run(t.cast("t.Any", client), params, check_mode=check, warn=warned.append), warned


def role(**given: t.Any) -> dict[str, t.Any]:
    """Return a role of a task."""
    return {"name": "moodle", "state": "present", "generate_password": True, "login": True, **given}


def empty() -> FakeClient:
    """Return an API server without the namespace."""
    client = FakeClient()
    for verb, kind in (("apply", "Database"), ("apply", "DatabaseRole"), ("create", "Secret"), ("apply", "ScheduledBackup")):
        client.errors[verb, kind] = KubeError('namespaces "physics" not found', error="not_found", status=404)
    return client


@pytest.mark.parametrize(("api", "kind"), [("list", "Cluster moodle"), ("resource", "DatabaseRole moodle-moodle")])
def test_roles_of_a_cluster_that_is_not_there_yet_are_planned_with_a_warning(api: str, kind: str) -> None:
    result, warned = database(empty(), check=True, roles=[role()], role_api=api)
    assert (result["changed"], warned) == (True, [WARNING])
    after = result["diff"]["after"]
    assert sorted(after) == sorted([kind, "Database moodle-archive", "Secret moodle-moodle"])
    spec = after[kind]["spec"]
    assert (spec["managed"]["roles"][0] if api == "list" else spec)["name"] == "moodle"


def test_outside_of_check_mode_the_cluster_must_be_there() -> None:
    with pytest.raises(CnpgError, match=r"There is no Cluster moodle in namespace physics\. Check both names"):
        database(FakeClient(), roles=[role()])


def schedule(client: FakeClient, *, check: bool, **given: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """Run cnpg_scheduled_backup and return its result and its warnings."""
    warned: list[str] = []
    names = ("plugin", "plugin_parameters", "immediate", "target", "online")
    fixed = {"name": "nightly", "namespace": "physics", "cluster": "moodle", "state": "present", "schedule": "0 0 2 * * *"}
    params = {**dict.fromkeys(names), **fixed, "method": "auto", "owner_reference": "none", "force_conflicts": False, **given}
    return schedule_module.run(t.cast("t.Any", client), params, check_mode=check, warn=warned.append), warned


@pytest.mark.parametrize(("method", "given"), [("auto", None), ("volumeSnapshot", "volumeSnapshot")])
def test_a_schedule_for_a_cluster_that_is_not_there_yet_is_planned_with_a_warning(method: str, given: t.Optional[str]) -> None:
    result, warned = schedule(empty(), check=True, method=method)
    assert (result["changed"], result["method"], warned) == (True, given, [WARNING])
    assert result["diff"]["after"]["spec"].get("method") == given
    with pytest.raises(CnpgError, match="There is no Cluster moodle"):
        schedule(FakeClient(), check=False, method=method)


def test_a_cluster_that_is_there_is_checked_in_check_mode_too() -> None:
    with pytest.raises(CnpgError, match="has neither a backup plugin nor a backup section"):
        schedule(FakeClient(cluster()), check=True)
    assert schedule(FakeClient(cluster(plugins=[PLUGIN])), check=True)[1] == []


def test_a_policy_that_the_task_leaves_out_stays_as_it_is() -> None:
    client = FakeClient(cluster())
    database(client, reclaim_policy="delete")
    for _ in range(2):
        assert database(client)[0]["changed"] is False
    assert client.objects[DATABASE]["spec"]["databaseReclaimPolicy"] == "delete"
    database(client, spec={"databaseReclaimPolicy": "retain"})
    assert client.objects[DATABASE]["spec"]["databaseReclaimPolicy"] == "retain"


def test_a_policy_that_another_client_has_set_stays_too() -> None:
    client = FakeClient(cluster())
    database(client)
    client.patch(API, "Database", "moodle-archive", {"spec": {"databaseReclaimPolicy": "delete"}}, namespace="physics")
    database(client)
    assert client.objects[DATABASE]["spec"]["databaseReclaimPolicy"] == "delete"


def test_a_number_in_the_place_of_a_truth_is_a_difference() -> None:
    assert first_difference({"a": [1]}, {"a": [True]}, "spec") == "spec.a"
    assert first_difference({"a": 1}, {"a": 1.0}, "spec") is None
