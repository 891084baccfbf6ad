# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""kube_apply against a real API server."""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

import pytest
import yaml

Manifest = dict[str, t.Any]
LABELS = {"app.kubernetes.io/instance": "physics"}
CANARY = "canary-7f3a9c51e0"


@pytest.fixture
def connection(api_server: t.Any, namespace: str) -> dict[str, t.Any]:
    """The options that every task here has."""
    return {"kubeconfig": api_server.kubeconfig, "namespace": namespace}


def config_map(name: str = "settings", **data: str) -> Manifest:
    """Return a manifest."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": LABELS}, "data": data or {"theme": "boost"}}


def secret(name: str = "login", text: str = CANARY) -> Manifest:
    """Return a manifest."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": LABELS}, "stringData": {"password": text}}


def deployment(name: str = "web", **spec: t.Any) -> Manifest:
    """Return a manifest."""
    labels = {**LABELS, "app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "example.edu/web:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": spec}


def definition(group: str, **properties: t.Any) -> Manifest:
    """Return a manifest that defines the kind Widget."""
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}, **properties}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def widget(group: str, **spec: t.Any) -> Manifest:
    """Return a manifest of a kind that the API server does not have yet."""
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "first"}, "spec": {"size": 1, **spec}}


def changes(result: Manifest) -> dict[str, str]:
    """Return what happened to each object."""
    return {f"{row['kind']}/{row['name']}": row["change"] for row in result["resources"]}


def test_objects_are_created_and_a_second_run_finds_nothing_to_do(
    four_beats: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}},
    }
    beats = four_beats("kube_apply", {**connection, "manifests": [config_map(), secret(), service, deployment()]})
    assert changes(beats.check) == changes(beats.do) == dict.fromkeys(changes(beats.do), "created")
    assert set(changes(beats.do_again).values()) == {"unchanged"}
    assert kube.get("v1", "ConfigMap", "settings", namespace)["data"] == {"theme": "boost"}
    assert kube.get("v1", "Service", "web", namespace)["spec"]["clusterIP"]


def test_a_changed_object_shows_only_what_differs(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    run_module("kube_apply", {**connection, "manifests": [config_map(theme="boost", lang="de"), deployment()]})
    beats = four_beats("kube_apply", {**connection, "manifests": [config_map(theme="classic"), deployment()]})
    assert changes(beats.do) == {"ConfigMap/settings": "changed", "Deployment/web": "unchanged"}
    (diff,) = beats.do["diff"]
    assert (diff["before"]["data"], diff["after"]["data"]) == ({"theme": "boost", "lang": "de"}, {"theme": "classic"})
    assert diff["before"] == {**diff["after"], "data": diff["before"]["data"]}
    # A field that left the manifest left the object.
    assert kube.get("v1", "ConfigMap", "settings", namespace)["data"] == {"theme": "classic"}


def test_what_others_set_and_status_are_no_difference(run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    run_module("kube_apply", {**connection, "manifests": [deployment()]})
    kube.patch("apps/v1", "Deployment", "web", {"metadata": {"annotations": {"other": "x"}}}, namespace=namespace)
    kube.patch("apps/v1", "Deployment", "web", {"status": {"observedGeneration": 1}}, namespace=namespace, subresource="status")
    assert not run_module("kube_apply", {**connection, "manifests": [deployment()]})["changed"]


def test_objects_that_another_tool_made_are_taken_over_once(four_beats: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    obj = config_map()
    kube.create({**obj, "metadata": {**obj["metadata"], "namespace": namespace}})
    beats = four_beats("kube_apply", {**connection, "manifests": [obj]})
    assert changes(beats.do) == {"ConfigMap/settings": "changed"}
    assert "managedFields" in beats.do["diff"][0]["after"]["metadata"]


def test_a_dropped_key_of_a_secret_is_removed_and_no_value_is_shown(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    both = {**secret(), "stringData": {"password": CANARY, "old": CANARY + "-old"}}
    first = run_module("kube_apply", {**connection, "manifests": [both]})
    beats = four_beats("kube_apply", {**connection, "manifests": [secret(text="canary-new")]})
    stored = kube.get("v1", "Secret", "login", namespace)["data"]
    assert {name: base64.b64decode(text).decode() for name, text in stored.items()} == {"password": "canary-new"}
    assert beats.do["diff"][0]["after"]["data"] == {"password": "VALUE_HIDDEN (after)"}
    assert "canary" not in json.dumps([first, *beats])


def test_a_cluster_scoped_object_gets_no_namespace(four_beats: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": namespace}, "rules": []}
    beats = four_beats("kube_apply", {**connection, "manifests": [role]})
    assert beats.do["resources"][0]["namespace"] is None
    four_beats("kube_apply", {**connection, "manifests": [role], "state": "absent"})
    assert kube.get(role["apiVersion"], "ClusterRole", namespace) is None


def test_a_namespace_and_what_is_in_it_come_in_one_call(four_beats: t.Any, connection: Manifest, namespace: str) -> None:
    new = f"{namespace}-new"
    inside = {**secret(), "metadata": {"name": "login", "namespace": new}}
    beats = four_beats(
        "kube_apply", {**connection, "manifests": [inside, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": new}}]}
    )
    assert list(changes(beats.check).items()) == [(f"Namespace/{new}", "created"), ("Secret/login", "created")]


def test_a_kind_and_its_object_come_in_one_call_and_then_a_new_field_of_it(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    group = f"{namespace}.example.edu"
    beats = four_beats("kube_apply", {**connection, "manifests": [widget(group), definition(group)]})
    assert set(changes(beats.check).values()) == {"created"}
    new = [definition(group, colour={"type": "string"}), widget(group, colour="red")]
    beats = four_beats("kube_apply", {**connection, "manifests": new})
    assert set(changes(beats.check).values()) == {"changed"}
    assert kube.get(f"{group}/v1", "Widget", "first", namespace)["spec"] == {"size": 1, "colour": "red"}
    # A kind that is in the call and stays as it is excuses nothing.
    refused = run_module("kube_apply", {**connection, "manifests": [new[0], widget(group, color="red")]}, check=True)
    assert (refused["error"], refused["unknown_fields"]) == ("invalid", ["spec.color"])


def test_prune_removes_only_what_carries_the_labels_and_has_no_owner(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    run_module("kube_apply", {**connection, "manifests": [config_map(), config_map("old"), secret("old-login")]})
    owner = kube.get("v1", "ConfigMap", "settings", namespace)["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "settings", "uid": owner["uid"]}
    place = {"labels": LABELS, "namespace": namespace}
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [reference], **place}})
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign", "namespace": namespace}})
    kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "kept", **place}})
    kinds = ["v1/ConfigMap", "v1/Secret"]
    pruning = {"prune": True, "prune_labels": LABELS, "prune_kinds": kinds}
    beats = four_beats("kube_apply", {**connection, **pruning, "manifests": [config_map()]})
    assert changes(beats.check) == {"ConfigMap/settings": "unchanged", "ConfigMap/old": "pruned", "Secret/old-login": "pruned"}
    assert {obj["metadata"]["name"] for obj in kube.list("v1", "ConfigMap", namespace)} == {"settings", "owned", "foreign"}
    assert kube.get("v1", "ServiceAccount", "kept", namespace)


def test_prune_wants_the_labels_in_every_manifest(run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bare"}}
    result = run_module("kube_apply", {**connection, "prune": True, "prune_labels": LABELS, "manifests": [config_map(), bare]})
    assert result["error"] == "bad_manifest"
    assert f"ConfigMap {namespace}/bare" in result["msg"]
    assert kube.list("v1", "ConfigMap", namespace) == []


def test_prune_without_any_manifest_is_refused(run_module: t.Any, connection: Manifest) -> None:
    result = run_module("kube_apply", {**connection, "prune": True, "prune_labels": LABELS, "manifests": []})
    assert "would delete everything" in result["msg"]
    result = run_module("kube_apply", {**connection, "prune": True, "prune_labels": {}, "manifests": [config_map()]})
    assert (result["error"], result["changed"]) == ("bad_option", False)


def test_objects_are_deleted_and_a_second_run_finds_none(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    manifests = [config_map(), deployment()]
    run_module("kube_apply", {**connection, "manifests": manifests})
    beats = four_beats("kube_apply", {**connection, "state": "absent", "wait": True, "manifests": manifests})
    assert changes(beats.check) == {"ConfigMap/settings": "deleted", "Deployment/web": "deleted"}
    assert all(row["ready"] for row in beats.do["resources"])
    assert kube.get("v1", "ConfigMap", "settings", namespace) is None


def test_an_object_of_a_kind_that_is_not_there_is_absent(four_beats: t.Any, connection: Manifest) -> None:
    args = {**connection, "state": "absent", "wait": True, "wait_timeout": 5, "manifests": [widget("nowhere.example.edu")]}
    assert not four_beats("kube_apply", args).do["changed"]


def test_in_check_mode_a_namespace_may_come_from_an_earlier_task(run_module: t.Any, connection: Manifest) -> None:
    args = {**connection, "namespace": f"{connection['namespace']}-new", "manifests": [config_map(), deployment()]}
    predicted = run_module("kube_apply", args, check=True)
    assert changes(predicted) == {"ConfigMap/settings": "created", "Deployment/web": "created"}
    assert f"There is no namespace {args['namespace']} yet" in str(predicted["warnings"])
    assert run_module("kube_apply", args)["error"] == "not_found"


def test_claims_that_go_with_their_owner_are_deleted_only_when_it_is_named(run_module: t.Any, connection: Manifest) -> None:
    obj = {**deployment(serviceName="web", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"}), "kind": "StatefulSet"}
    assert changes(run_module("kube_apply", {**connection, "manifests": [obj]})) == {"StatefulSet/web": "created"}
    removal = {**connection, "state": "absent", "manifests": [deployment(serviceName="web") | {"kind": "StatefulSet"}]}
    prune = {**connection, "prune": True, "prune_labels": LABELS, "manifests": [config_map()]}
    for args in (removal, prune):
        refused = run_module("kube_apply", args, check=True)
        assert (refused["error"], refused["confirm_delete"]) == ("not_confirmed", ["StatefulSet/web"])
    assert changes(run_module("kube_apply", {**prune, "confirm_delete": ["StatefulSet/web"]}))["StatefulSet/web"] == "pruned"


@pytest.mark.parametrize("check", [True, False])
def test_data_is_deleted_only_when_it_is_named(run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str, check: bool) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "moodledata"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    run_module("kube_apply", {**connection, "manifests": [claim, config_map()]})
    removal = {**connection, "state": "absent", "manifests": [claim, config_map()]}
    refused = run_module("kube_apply", removal, check=check)
    assert (refused["error"], refused["confirm_delete"]) == ("not_confirmed", ["PersistentVolumeClaim/moodledata"])
    assert kube.get("v1", "ConfigMap", "settings", namespace), "nothing may be deleted before the refusal"
    allowed = run_module("kube_apply", {**removal, "confirm_delete": refused["confirm_delete"]}, check=check)
    assert changes(allowed)["PersistentVolumeClaim/moodledata"] == "deleted"


def test_an_unknown_field_is_named_and_nothing_is_applied(run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    for check in (True, False):
        result = run_module("kube_apply", {**connection, "manifests": [config_map(), deployment(replicaz=2)]}, check=check)
        assert (result["error"], result["unknown_fields"]) == ("invalid", ["spec.replicaz"])
        assert "Deployment web" in result["msg"] and "Nothing was changed" in result["msg"]
    assert kube.list("v1", "ConfigMap", namespace) == []


def test_a_conflict_names_field_and_manager_and_can_be_forced(
    four_beats: t.Any, run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str
) -> None:
    obj = config_map()
    kube.apply({**obj, "metadata": {"name": "settings", "namespace": namespace}, "data": {"theme": "classic"}}, field_manager="somebody")
    args = {**connection, "manifests": [obj]}
    result = run_module("kube_apply", args)
    assert (result["error"], result["conflicts"]) == ("conflict", [{"manager": "somebody", "field": ".data.theme"}])
    assert "somebody" in result["msg"] and ".data.theme" in result["msg"]
    beats = four_beats("kube_apply", {**args, "force_conflicts": True})
    assert beats.do["diff"][0]["after"]["data"] == {"theme": "boost"}


def test_a_failure_in_the_middle_tells_what_was_applied(run_module: t.Any, connection: Manifest, kube: t.Any, namespace: str) -> None:
    # The dry run of each object alone fits into the quota, both together do not.
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "one"}, "spec": {"hard": {"count/configmaps": "1"}}}
    kube.apply({**quota, "metadata": {"name": "one", "namespace": namespace}})
    status = {"status": {"hard": {"count/configmaps": "1"}, "used": {"count/configmaps": "0"}}}
    kube.patch("v1", "ResourceQuota", "one", status, namespace=namespace, subresource="status")
    result = run_module("kube_apply", {**connection, "manifests": [config_map("a"), config_map("b"), config_map("c")]})
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "denied")
    assert changes(result) == {"ConfigMap/a": "created", "ConfigMap/b": "failed", "ConfigMap/c": "skipped"}
    assert f"ConfigMap {namespace}/a" in result["msg"] and "exceeded quota" in result["msg"]


def test_waiting_in_vain_says_what_is_missing(run_module: t.Any, connection: Manifest) -> None:
    result = run_module("kube_apply", {**connection, "manifests": [config_map(), deployment()], "wait": True, "wait_timeout": 1})
    assert (result["error"], result["changed"]) == ("timeout", True)
    rows = {row["kind"]: (row["ready"], row["reason"]) for row in result["resources"]}
    assert rows == {"ConfigMap": (True, ""), "Deployment": (False, "its controller has not seen the change yet")}


def test_a_warning_of_the_server_is_shown(run_module: t.Any, connection: Manifest) -> None:
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "old"}}
    result = run_module("kube_apply", {**connection, "manifests": [endpoints]}, check=True)
    assert any("v1 Endpoints is deprecated" in str(warning) for warning in result["warnings"])


def test_files_in_yaml_and_json_hold_several_manifests(four_beats: t.Any, connection: Manifest, tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yml").write_text("---\n" + "---\n".join(map(yaml.safe_dump, [config_map("a"), None, secret()])))
    (tmp_path / "b.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [config_map("b"), config_map("c")]}))
    beats = four_beats("kube_apply", {**connection, "src": [str(tmp_path / "a.yml"), str(tmp_path / "b.json")]})
    assert set(changes(beats.do)) == {"ConfigMap/a", "ConfigMap/b", "ConfigMap/c", "Secret/login"}


def test_no_value_of_a_secret_is_in_the_output_of_a_play(run_play: t.Any, connection: Manifest) -> None:
    tasks = [
        {"name": "create", "campus.moodle.kube_apply": {**connection, "manifests": [secret()]}},
        {"name": "change", "campus.moodle.kube_apply": {**connection, "manifests": [secret(text=CANARY + "-2"), config_map()]}},
        {
            "name": "refused",
            "campus.moodle.kube_apply": {
                **connection,
                "manifests": [{**secret(), "data": {"password": CANARY}, "stringData": {"b": CANARY}}],
            },
            "ignore_errors": True,
        },
    ]
    played = run_play(tasks)
    assert played.rc == 0, played.output
    assert [result["changed"] for result in played.results] == [True, True, False]
    assert CANARY not in played.output
    assert base64.b64encode(CANARY.encode()).decode()[:-2] not in played.output
    assert "settings" in played.output, "names of objects must stay readable"


def test_every_example_runs(run_play: t.Any, examples_of: t.Any, api_server: t.Any, namespace: str, tmp_path: pathlib.Path) -> None:
    manifests = tmp_path / "manifests.yml"
    manifests.write_text("---\n".join(map(yaml.safe_dump, [config_map(), secret()])))
    variables = {"namespace": f"{namespace}-example", "manifest_file": str(manifests)}
    played = run_play(examples_of("kube_apply"), variables=variables, environ=api_server.environ)
    assert played.rc == 0, played.output
    assert all(result["changed"] for result in played.results)
