# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""cnpg_database with CloudNativePG's real definitions on a real API server.

No instance runs: the test writes the statuses that instances write. DatabaseRole is newer than the definitions of this tier, so its
definition is a double with the fields that the module sends. The cluster tier repeats this with an operator.
"""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from support.cnpg_stage import API, Stage
from support.kubernetes import ANYTHING, ApiServer, defined
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.pods import pods_in_front_of

BASE = {"name": "moodle", "cluster": "moodle", "owner": "moodle"}
SECRET = "moodle-moodle"
TEXT, SWITCH = {"type": "string"}, {"type": "boolean"}
ROLE_SPEC = {
    "type": "object",
    "properties": {
        "cluster": {"type": "object", "properties": {"name": TEXT}},
        "passwordSecret": {"type": "object", "properties": {"name": TEXT}},
        "inRoles": {"type": "array", "items": TEXT},
        "connectionLimit": {"type": "integer"},
        **dict.fromkeys(("name", "comment", "validUntil", "databaseRoleReclaimPolicy"), TEXT),
        **dict.fromkeys(("login", "superuser", "createdb", "createrole", "replication", "inherit", "disablePassword"), SWITCH),
    },
}


@pytest.fixture
def stage(api_server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str, cnpg_crds: list[str]) -> Stage:
    """A namespace with the cluster moodle."""
    stage = Stage(api_server, kube, run_module, namespace)
    stage.cluster(instances=1)
    return stage


@pytest.fixture
def role_objects(stage: Stage) -> t.Iterator[None]:
    """The kind DatabaseRole for the time of a test."""
    schema = {"type": "object", "properties": {"spec": ROLE_SPEC, "status": ANYTHING}}
    with defined(stage.server, "postgresql.cnpg.io", "DatabaseRole", schema):
        yield


def arguments(stage: Stage, **more: t.Any) -> dict[str, t.Any]:
    """Return the arguments of a task that does not wait."""
    return {"kubeconfig": stage.kubeconfig, "namespace": stage.namespace, "wait": "none", **BASE, **more}


def password(stage: Stage, name: str = SECRET) -> str:
    """Return the password in a Secret, as its owner may read it."""
    secret = stage.server.request("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{name}")
    return base64.b64decode(secret["data"]["password"]).decode()


def listed(stage: Stage) -> dict[str, dict[str, t.Any]]:
    """Return the roles in the cluster's list."""
    found = stage.get("Cluster", "moodle")["spec"].get("managed", {}).get("roles", [])
    return {row["name"]: row for row in found}


def test_a_database_with_roles_is_made_changed_and_deleted(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    roles = [{"name": "moodle", "generate_password": True}, {"name": "reports", "in_roles": ["pg_read_all_data"]}]
    made = four_beats("cnpg_database", arguments(stage, roles=roles, extensions=[{"name": "pg_trgm"}])).do
    assert set(made["diff"]["after"]) == {f"Secret {SECRET}", "Cluster moodle", "Database moodle-moodle"}
    assert made["roles"][0] == {"name": "moodle", "state": "present", "secret_name": SECRET}
    assert listed(stage)["moodle"]["passwordSecret"] == {"name": SECRET}
    assert listed(stage)["reports"]["inRoles"] == ["pg_read_all_data"]
    assert stage.get("Database", "moodle-moodle")["spec"]["extensions"] == [{"name": "pg_trgm", "ensure": "present"}]
    first = password(stage)
    changed = four_beats("cnpg_database", arguments(stage, roles=[{"name": "reports", "connection_limit": 5}])).do
    assert set(changed["diff"]["after"]) == {"Cluster moodle", "Database moodle-moodle"}
    assert set(listed(stage)) == {"moodle", "reports"}
    assert password(stage) == first
    gone = four_beats("cnpg_database", arguments(stage, state="absent", roles=[{"name": "moodle", "state": "absent"}])).do
    assert set(gone["diff"]["after"]) == {"Cluster moodle", "Database moodle-moodle"}
    assert listed(stage)["moodle"]["ensure"] == "absent"
    assert stage.get("Database", "moodle-moodle") is None


def test_roles_are_objects_where_the_kind_is_installed(stage: Stage, role_objects: None, four_beats: t.Callable[..., FourBeats]) -> None:
    roles = [{"name": "moodle", "generate_password": True, "connection_limit": 50}]
    four_beats("cnpg_database", arguments(stage, roles=roles))
    assert listed(stage) == {}
    assert stage.get("DatabaseRole", "moodle-moodle")["spec"] == {
        "cluster": {"name": "moodle"},
        "name": "moodle",
        "login": True,
        "connectionLimit": 50,
        "passwordSecret": {"name": SECRET},
    }
    # A role that is in the list already stays there.
    stage.patch("Cluster", "moodle", {"spec": {"managed": {"roles": [{"name": "old"}]}}})
    four_beats("cnpg_database", arguments(stage, roles=[{"name": "old", "createdb": True}]))
    assert listed(stage)["old"]["createdb"] is True
    four_beats("cnpg_database", arguments(stage, state="absent", roles=[{"name": "moodle", "state": "absent"}]))
    assert stage.get("DatabaseRole", "moodle-moodle") is None


def test_a_generated_password_is_in_the_secret_and_nowhere_else(stage: Stage, run_play: PlayRunner) -> None:
    given = {**BASE, "namespace": stage.namespace, "wait": "none", "roles": [{"name": "moodle", "generate_password": True}]}
    task = {"name": "Declare", "campus.moodle.cnpg_database": given, "register": "declared"}
    show = {"name": "Show", "ansible.builtin.debug": {"var": "declared"}}
    play = run_play([task, show, task], environ=stage.server.environ)
    assert play.rc == 0, play.output
    canary = password(stage)
    assert len(canary) >= 40
    everything = play.output + json.dumps(play.results)
    for form in (canary, base64.b64encode(canary.encode()).decode()):
        assert form not in everything
    cluster = json.dumps([stage.get("Cluster", "moodle"), stage.get("Database", "moodle-moodle")])
    assert canary not in cluster


def test_a_secret_that_is_there_is_left_as_it_is(stage: Stage) -> None:
    mine = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": {"username": "moodle", "password": "mine"}}
    stage.server.request("POST", f"/api/v1/namespaces/{stage.namespace}/secrets", mine)
    result = stage.run("cnpg_database", **BASE, wait="none", roles=[{"name": "moodle", "generate_password": True}])
    assert f"Secret {SECRET}" not in result["diff"]["after"]
    assert password(stage) == "mine"


# --- waiting (the test is the instance)


def test_a_database_is_waited_for_until_this_generation_was_carried_out(stage: Stage) -> None:
    with stage.running("cnpg_database", **BASE) as module:
        generation = stage.until("Database", "moodle-moodle", lambda obj: True)["metadata"]["generation"]
        stage.set_status("Database", "moodle-moodle", applied=False, message="role does not exist")
        assert not module.done()
        stage.set_status("Database", "moodle-moodle", applied=True, message="", observedGeneration=generation)
        assert module.result()["changed"]
    again = stage.run("cnpg_database", **BASE, wait_timeout=0)
    assert (again["failed"], again["changed"]) == (False, False)
    stale = stage.run("cnpg_database", **BASE, schemas=[{"name": "archive"}], wait_timeout=0)
    assert (stale["failed"], stale["error"], stale["changed"]) == (True, "timeout", True)
    assert "No instance has carried it out yet" in stale["msg"]


def test_roles_are_waited_for_before_the_database_is_asked_for(stage: Stage) -> None:
    with stage.running("cnpg_database", **BASE, roles=[{"name": "moodle", "generate_password": True}]) as module:
        stage.until("Cluster", "moodle", lambda obj: "managed" in obj["spec"])
        assert stage.get("Database", "moodle-moodle") is None
        secret = stage.server.request("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{SECRET}")
        done = {"moodle": {"resourceVersion": secret["metadata"]["resourceVersion"]}}
        stage.set_status("Cluster", "moodle", managedRolesStatus={"byStatus": {"pending-reconciliation": ["moodle"]}})
        stage.set_status("Cluster", "moodle", managedRolesStatus={"byStatus": {"reconciled": ["moodle"]}, "passwordStatus": done})
        generation = stage.until("Database", "moodle-moodle", lambda obj: True)["metadata"]["generation"]
        stage.set_status("Database", "moodle-moodle", applied=True, observedGeneration=generation)
        assert not module.result()["failed"]


def test_a_database_that_is_dropped_needs_its_name_and_takes_the_policy_along(stage: Stage) -> None:
    stage.run("cnpg_database", **BASE, wait="none")
    for given in (None, "other"):
        refused = stage.run("cnpg_database", **BASE, state="absent", reclaim_policy="delete", confirm_delete=given)
        assert (refused["failed"], refused["error"]) == (True, "not_confirmed")
        assert "would be dropped with its data. Set confirm_delete to moodle" in refused["msg"]
    # The operator's finalizer keeps the object until the database is dropped.
    stage.patch("Database", "moodle-moodle", {"metadata": {"finalizers": ["cnpg.io/deleteDatabase"]}})
    with stage.running("cnpg_database", **BASE, state="absent", reclaim_policy="delete", confirm_delete="moodle") as module:
        obj = stage.until("Database", "moodle-moodle", lambda obj: obj["metadata"].get("deletionTimestamp"))
        assert obj["spec"]["databaseReclaimPolicy"] == "delete"
        assert not module.done()
        stage.patch("Database", "moodle-moodle", {"metadata": {"finalizers": None}})
        assert module.result()["changed"]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"name": "postgres"}, "invalid", "the name postgres is reserved"),
        ({"spec": {"encodings": "UTF8"}}, "invalid", "the API knows no field spec.encodings"),
        ({"spec": {"owner": "other"}}, "given_twice", "The field spec.owner is given twice"),
        ({"roles": [{"name": "a"}], "cluster": "chemistry"}, "not_found", "There is no Cluster chemistry"),
        ({"roles": [{"name": "a"}], "role_api": "resource"}, "unknown_kind", "does not know this kind"),
        ({"owner": None}, None, "owner"),
    ],
)
def test_bad_input_is_one_sentence_and_makes_nothing(stage: Stage, change: dict[str, t.Any], error: t.Optional[str], said: str) -> None:
    args = {**BASE, "wait": "none", **change}
    result = stage.run("cnpg_database", **{name: value for name, value in args.items() if value is not None})
    assert (result["failed"], result.get("error")) == (True, error), result
    assert said in result["msg"]
    assert stage.kube.list(API, "Database", stage.namespace) == []


def test_what_cannot_change_is_refused_by_its_name(stage: Stage) -> None:
    stage.run("cnpg_database", **BASE, wait="none", spec={"encoding": "UTF8"})
    result = stage.run("cnpg_database", **BASE, wait="none", spec={"encoding": "LATIN1"})
    assert (result["failed"], result["error"]) == (True, "invalid")
    assert "encoding is immutable" in result["msg"]


def test_a_database_that_was_forgotten_is_not_said_to_be_dropped(stage: Stage, api_server: ApiServer) -> None:
    stage.run("cnpg_database", **BASE, wait="none")
    drop = {**BASE, "state": "absent", "reclaim_policy": "delete", "confirm_delete": "moodle", "wait": "none"}
    assert stage.run("cnpg_database", **{**drop, "reclaim_policy": "retain"})["changed"]
    with pods_in_front_of(api_server) as pods:
        pods.run = lambda _pod, _command, _text: (0, "1\n", "")
        there = stage.run("cnpg_database", kubeconfig=pods.kubeconfig, **drop)
        assert (there["failed"], there["error"], there["changed"]) == (True, "forgotten", False)
        assert [text for _pod, _command, text in pods.asked] == ["SELECT count(*) FROM pg_database WHERE datname = 'moodle'"]
        pods.run = lambda _pod, _command, _text: (0, "0\n", "")
        gone = stage.run("cnpg_database", kubeconfig=pods.kubeconfig, **drop)
        assert (gone["failed"], gone["changed"], gone.get("warnings", [])) == (False, False, [])
    # No kubelet runs behind the API server itself.
    unknown = stage.run("cnpg_database", **drop)
    assert (unknown["failed"], unknown["changed"]) == (False, False)
    assert "whether PostgreSQL still has it cannot be found out" in str(unknown["warnings"])


def test_every_documented_example_runs(stage: Stage, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    """As they stand, one after the other, each has something to do."""
    stage.cluster("moodle-db", instances=1)
    play = run_play(examples_of("cnpg_database"), variables={"namespace": stage.namespace, "wait": "none"}, environ=stage.server.environ)
    assert play.rc == 0, play.output
    assert [row["changed"] for row in play.results] == [True, True, True, True]
    assert stage.get("Database", "moodle-db-moodle") is None


def test_a_policy_that_the_task_leaves_out_stays_as_it_is(stage: Stage, four_beats: t.Callable[..., FourBeats]) -> None:
    stage.run("cnpg_database", **{**BASE, "wait": "none", "reclaim_policy": "delete"})
    assert stage.run("cnpg_database", **{**BASE, "wait": "none"})["changed"] is False
    assert stage.get("Database", "moodle-moodle")["spec"]["databaseReclaimPolicy"] == "delete"
    four_beats("cnpg_database", arguments(stage, reclaim_policy="retain"))
    assert stage.run("cnpg_database", **{**BASE, "wait": "none"})["failed"] is False
    assert stage.get("Database", "moodle-moodle")["spec"]["databaseReclaimPolicy"] == "retain"


def test_the_first_check_of_a_play_finds_neither_namespace_nor_cluster(stage: Stage, run_module: ModuleRunner) -> None:
    roles = [{"name": "moodle", "generate_password": True}]
    new = {**arguments(stage, roles=roles), "namespace": f"{stage.namespace}-new"}
    predicted = run_module("cnpg_database", new, check=True)
    assert (predicted["failed"], predicted["changed"]) == (False, True), predicted
    assert f"There is no Cluster moodle in namespace {new['namespace']} yet" in str(predicted["warnings"])
    assert sorted(predicted["diff"]["after"]) == ["Cluster moodle", "Database moodle-moodle", f"Secret {SECRET}"]
    assert run_module("cnpg_database", new)["error"] == "not_found"
