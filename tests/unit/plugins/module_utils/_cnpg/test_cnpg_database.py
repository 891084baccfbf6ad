# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Databases and roles: the objects for them, the cluster's own list of roles, and when PostgreSQL has them."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._declared import applied_predicate, object_name
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._roles import (
    knows_role_objects,
    list_patch,
    listed_predicate,
    new_secret,
    role_object,
    secret_name,
    secret_version,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.database import build_database
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.database import run as run_module
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

RECORD = pathlib.Path(__file__).parents[3] / "fakes" / "cnpg_records" / "healthy.json"


def cluster(*roles: dict[str, t.Any], **status: t.Any) -> dict[str, t.Any]:
    """Return the recorded cluster with roles in its list."""
    obj: dict[str, t.Any] = json.loads(RECORD.read_text())
    if roles:
        obj["spec"]["managed"] = {"roles": list(roles)}
    obj["status"].update(status)
    return obj


def role(name: str = "moodle", **given: t.Any) -> dict[str, t.Any]:
    """Return a role of a task."""
    return {"name": name, "state": "present", "generate_password": False, "login": True, **given}


def params(**given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task."""
    names = ("resource_name", "extensions", "schemas", "reclaim_policy", "confirm_delete", "spec", "roles")
    fixed = {"name": "moodle", "cluster": "moodle-db", "namespace": "physics", "owner": "moodle", "state": "present"}
    return {**dict.fromkeys(names), **fixed, "role_api": "auto", "wait": "none", "wait_timeout": 5, "force_conflicts": False, **given}


def run(
    client: FakeClient, *, check_mode: bool = False, warn: t.Callable[[str], None] = lambda _sentence: None, **given: t.Any
) -> dict[str, t.Any]:
    """Bring a database into its state."""
    return run_module(t.cast("t.Any", client), params(**given), check_mode=check_mode, warn=warn)


def no_role_objects(*objects: dict[str, t.Any]) -> FakeClient:
    """Return an API without the kind DatabaseRole, as CloudNativePG 1.29 has it."""
    client = FakeClient(*objects)
    client.errors["list", "DatabaseRole"] = KubeError("The API server knows no kind DatabaseRole.", error="unknown_kind", status=404)
    return client


# --- objects


@pytest.mark.parametrize(
    ("name", "expected"), [("moodle", "moodle-db-moodle"), ("Moodle_Archive", "moodle-db-moodle-archive"), ("a.b-", "moodle-db-a-b")]
)
def test_an_object_has_a_name_that_kubernetes_allows(name: str, expected: str) -> None:
    assert object_name("moodle-db", name) == expected


def test_a_database_has_extensions_schemas_and_the_rest() -> None:
    extensions = [{"name": "pg_trgm", "version": None, "schema": "public", "state": "present"}]
    schemas = [{"name": "old", "owner": None, "state": "absent"}]
    built = build_database(params(extensions=extensions, schemas=schemas, reclaim_policy="retain", spec={"encoding": "UTF8"}))
    assert built["metadata"] == {"name": "moodle-db-moodle", "namespace": "physics"}
    assert built["spec"] == {
        "cluster": {"name": "moodle-db"},
        "name": "moodle",
        "owner": "moodle",
        "ensure": "present",
        "databaseReclaimPolicy": "retain",
        "extensions": [{"ensure": "present", "name": "pg_trgm", "schema": "public"}],
        "schemas": [{"ensure": "absent", "name": "old"}],
        "encoding": "UTF8",
    }


def test_a_role_object_has_the_fields_that_were_given() -> None:
    built = role_object("moodle-db", "physics", role(connection_limit=5, in_roles=["pg_read_all_data"], password_secret="login"))
    assert built["spec"] == {
        "cluster": {"name": "moodle-db"},
        "name": "moodle",
        "login": True,
        "connectionLimit": 5,
        "inRoles": ["pg_read_all_data"],
        "passwordSecret": {"name": "login"},
    }


def test_a_password_is_long_random_and_for_its_role() -> None:
    first, second = (new_secret("moodle-db", "physics", role(generate_password=True)) for _ in range(2))
    assert first["metadata"]["name"] == "moodle-db-moodle"
    assert (first["type"], first["stringData"]["username"]) == ("kubernetes.io/basic-auth", "moodle")
    assert len(first["stringData"]["password"]) >= 40
    assert first["stringData"]["password"] != second["stringData"]["password"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, None),
        ({"generate_password": True}, "moodle-db-moodle"),
        ({"generate_password": True, "password_secret": "x"}, "x"),
        ({"password_secret": "x"}, "x"),
    ],
)
def test_the_secret_of_a_role_has_a_name(given: dict[str, t.Any], name: t.Optional[str]) -> None:
    assert secret_name("moodle-db", role(**given)) == name


# --- the list of a cluster


def test_a_role_is_added_and_the_others_stay() -> None:
    patch = list_patch(cluster({"name": "other", "login": True, "ensure": "present"}), [role(createdb=True)])
    assert patch == {
        "spec": {
            "managed": {
                "roles": [
                    {"name": "other", "login": True, "ensure": "present"},
                    {"name": "moodle", "login": True, "createdb": True, "ensure": "present"},
                ]
            }
        }
    }


def test_a_role_that_is_as_desired_is_not_changed_and_keeps_what_was_not_given() -> None:
    live = cluster({"name": "moodle", "login": True, "connectionLimit": -1, "ensure": "present", "comment": "by hand"})
    assert list_patch(live, [role()]) is None
    changed = list_patch(live, [role(login=False)])
    assert changed is not None
    assert changed["spec"]["managed"]["roles"][0] == {**live["spec"]["managed"]["roles"][0], "login": False}


def test_a_role_that_goes_keeps_an_entry_that_says_so() -> None:
    live = cluster({"name": "moodle", "login": True, "ensure": "present"})
    patch = list_patch(live, [role(state="absent")])
    assert patch == {"spec": {"managed": {"roles": [{"name": "moodle", "login": True, "ensure": "absent"}]}}}


# --- waiting


def database(**status: t.Any) -> dict[str, t.Any]:
    """Return a Database of generation 2."""
    return {"metadata": {"name": "moodle-db-moodle", "generation": 2}, "status": status}


def test_a_database_is_done_when_this_generation_was_carried_out() -> None:
    predicate = applied_predicate()
    assert predicate(database()).reason == "No instance has carried it out yet."
    assert predicate(database(applied=True, observedGeneration=1)).state == "waiting"
    assert predicate(database(applied=True, observedGeneration=2)).state == "done"
    assert predicate(None).state == "failed"


def test_a_failure_counts_when_the_next_try_of_the_instance_failed_too() -> None:
    now = [0.0]
    predicate = applied_predicate(clock=lambda: now[0])
    extensions = [{"name": "postgis", "applied": False, "message": "extension is not available"}]
    failed = database(applied=False, message="while reconciling.", extensions=extensions)
    assert predicate(failed).state == "waiting"
    now[0] = 40.0
    assert predicate(failed) == ("failed", "while reconciling; postgis: extension is not available")


def listed(**status: t.Any) -> dict[str, t.Any]:
    """Return a cluster that says this about its roles."""
    return cluster(managedRolesStatus=status)


def test_a_listed_role_is_done_when_the_instance_answered_with_its_password() -> None:
    predicate = listed_predicate(["moodle"], written=listed(), secrets={"moodle": "7"})
    assert "has answered" in predicate(listed()).reason
    assert predicate(listed(byStatus={"pending-reconciliation": ["moodle"]})).reason == "Not carried out yet: moodle."
    assert predicate(listed(byStatus={"reconciled": ["moodle"]}, passwordStatus={"moodle": {"resourceVersion": "6"}})).state == "waiting"
    assert predicate(listed(byStatus={"reconciled": ["moodle"]}, passwordStatus={"moodle": {"resourceVersion": "7"}})).state == "done"


def test_a_role_that_cannot_be_carried_out_is_named_with_the_cause() -> None:
    now = [0.0]
    predicate = listed_predicate(["moodle"], written=None, secrets={}, clock=lambda: now[0])
    refused = listed(cannotReconcile={"moodle": ["could not drop: owner of database moodle"]})
    assert predicate(refused).state == "waiting"
    now[0] = 40.0
    assert predicate(refused) == ("failed", "Role moodle: could not drop: owner of database moodle.")


# --- the whole


def test_a_secret_is_made_once_and_never_shown_or_read() -> None:
    client = no_role_objects(cluster())
    given = {"roles": [role(generate_password=True)]}
    first = run(client, **given)
    secret = client.objects["Secret", "physics", "moodle-db-moodle"]
    password = secret["stringData"]["password"]
    assert first["changed"]
    assert first["roles"] == [{"name": "moodle", "state": "present", "secret_name": "moodle-db-moodle"}]
    assert password not in json.dumps(first)
    second = run(client, **given)
    assert not second["changed"]
    assert client.objects["Secret", "physics", "moodle-db-moodle"]["stringData"]["password"] == password
    assert ("get", "Secret", "moodle-db-moodle") not in client.calls


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_error_tells_whether_something_was_changed_before_it(check_mode: bool) -> None:
    client = no_role_objects(cluster())
    client.errors["apply", "Database"] = KubeError("Cannot apply Database.", error="forbidden", status=403)
    with pytest.raises(KubeError) as caught:
        run(client, check_mode=check_mode, roles=[role()])
    assert caught.value.details["changed"] is not check_mode


def test_check_mode_changes_nothing_and_predicts_the_same() -> None:
    client = no_role_objects(cluster())
    given = {"roles": [role(generate_password=True)]}
    predicted = run(client, check_mode=True, **given)
    assert not [call for call in client.calls if not call[0].startswith("dry")]
    assert predicted == run(client, **given)


def test_roles_are_objects_where_the_operator_has_them_and_listed_ones_stay_listed() -> None:
    client = FakeClient(cluster({"name": "old", "login": True, "ensure": "present"}))
    run(client, roles=[role("old", createdb=True), role("new")])
    assert ("DatabaseRole", "physics", "moodle-db-new") in client.objects
    assert ("DatabaseRole", "physics", "moodle-db-old") not in client.objects
    assert client.objects["Cluster", "physics", "moodle-db"]["spec"]["managed"]["roles"][0]["createdb"] is True


def test_the_owner_comes_before_the_database_and_goes_after_it() -> None:
    client = FakeClient(cluster())
    run(client, roles=[role()])
    run(client, state="absent", reclaim_policy="delete", confirm_delete="moodle", roles=[role(state="absent")])
    done = [(verb, kind) for verb, kind, _name in client.calls if not verb.startswith("dry")]
    assert done == [
        ("apply", "DatabaseRole"),
        ("apply", "Database"),
        ("patch", "Database"),
        ("delete", "Database"),
        ("patch", "DatabaseRole"),
        ("delete", "DatabaseRole"),
    ]


@pytest.mark.parametrize(
    ("live", "given", "refused"),
    [
        (None, None, False),
        ("retain", None, False),
        ("delete", None, True),
        ("delete", "retain", False),
        ("retain", "delete", True),
    ],
)
def test_data_go_only_with_the_name_as_confirmation(live: t.Optional[str], given: t.Optional[str], refused: bool) -> None:
    client = FakeClient(cluster())
    run(client, reclaim_policy=live)
    client.calls.clear()
    if refused:
        with pytest.raises(Exception, match=r"would be dropped with its data\. Set confirm_delete to moodle"):
            run(client, state="absent", reclaim_policy=given)
        assert client.calls == []
    else:
        assert run(client, state="absent", reclaim_policy=given)["changed"]


def test_the_policy_of_the_task_is_set_before_the_object_is_deleted() -> None:
    client = FakeClient(cluster())
    run(client, reclaim_policy="delete")
    obj = client.objects["Database", "physics", "moodle-db-moodle"]
    obj["metadata"]["finalizers"] = ["cnpg.io/deleteDatabase"]
    run(client, state="absent", reclaim_policy="retain")
    assert client.objects["Database", "physics", "moodle-db-moodle"]["spec"]["databaseReclaimPolicy"] == "retain"


def test_a_user_who_may_not_list_secrets_gets_along_without_their_versions() -> None:
    client = FakeClient()
    client.errors["list", "Secret"] = KubeError("Cannot list Secret.", error="forbidden", status=403)
    assert secret_version(t.cast("t.Any", client), "login", "physics") is None


def test_another_failure_than_an_unknown_kind_is_not_taken_for_an_old_operator() -> None:
    client = FakeClient()
    client.errors["list", "DatabaseRole"] = KubeError("Cannot list.", error="forbidden", status=403)
    with pytest.raises(KubeError):
        knows_role_objects(t.cast("t.Any", client), "physics")
    assert knows_role_objects(t.cast("t.Any", FakeClient()), "physics")
    assert not knows_role_objects(t.cast("t.Any", no_role_objects()), "physics")


# --- a database without an object


DROP = {"state": "absent", "reclaim_policy": "delete", "confirm_delete": "moodle"}


def answering(out: str, rc: int = 0, err: str = "") -> FakeClient:
    """Return a cluster whose primary gives an answer."""
    client = FakeClient(cluster())
    client.answers["psql"] = Result(rc, out, err)
    return client


def test_a_database_that_was_forgotten_is_not_reported_as_dropped() -> None:
    client = answering("1\n")
    with pytest.raises(CnpgError, match=r"still in PostgreSQL and was not dropped\. To drop it, declare it again") as caught:
        run(client, roles=[role(state="absent")], **DROP)
    assert caught.value.details == {"error": "forgotten", "changed": False}
    # Its owner stays as well, and the question was no part of a command.
    assert [verb for verb, _kind, _name in client.calls] == ["exec"]
    assert client.stdin == ["SELECT count(*) FROM pg_database WHERE datname = 'moodle'"]


def test_a_database_that_is_gone_needs_nothing() -> None:
    warned: list[str] = []
    assert run(answering("0\n"), warn=warned.append, **DROP)["changed"] is False
    assert run(FakeClient(), warn=warned.append, **DROP)["changed"] is False
    assert warned == []


@pytest.mark.parametrize(
    ("client", "check_mode", "message"),
    [
        (answering("1\n"), True, "still in PostgreSQL and could not be dropped"),
        (answering("", 2, "FATAL: shutting down"), False, "whether PostgreSQL still has it cannot be found out (FATAL: shutting down)"),
        (answering("?\n"), False, "it answered '?'"),
    ],
    ids=["check mode", "an error", "no number"],
)
def test_what_is_not_known_for_sure_is_a_warning(client: FakeClient, check_mode: bool, message: str) -> None:
    warned: list[str] = []
    assert run(client, check_mode=check_mode, warn=warned.append, **DROP)["changed"] is False
    assert len(warned) == 1
    assert message in warned[0]


def test_a_user_who_may_run_nothing_in_pods_is_warned() -> None:
    client, warned = FakeClient(cluster()), []
    client.errors["exec", "Pod"] = KubeError("user x may not create pods/exec.", error="forbidden", status=403)
    run(client, warn=warned.append, **DROP)
    assert "may not create pods/exec" in warned[0]


def test_a_name_is_quoted_in_the_question() -> None:
    client = answering("0\n")
    run(client, **{**DROP, "name": "o'hara", "confirm_delete": "o'hara"})
    assert client.stdin == ["SELECT count(*) FROM pg_database WHERE datname = 'o''hara'"]


def test_without_a_policy_to_drop_it_nothing_is_queried() -> None:
    client = answering("1\n")
    assert run(client, state="absent")["changed"] is False
    assert client.calls == []
