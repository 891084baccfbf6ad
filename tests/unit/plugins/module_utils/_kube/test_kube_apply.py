# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What an apply would change, and what a difference must not show. And manifests as one desired state, on a server in memory."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._plan import Request
from ansible_collections.campus.moodle.plugins.module_utils._kube.apply import DesiredState
from ansible_collections.campus.moodle.plugins.module_utils._kube.diff import applied_difference, preview
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.kinds import known, path_of
from ansible_collections.campus.moodle.plugins.module_utils._kube.manifests import placed, read_file
from ansible_collections.campus.moodle.plugins.module_utils._kube.secrets import values_of, with_data, without_secrets
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

Object = dict[str, t.Any]


def config_map(name: str = "a", *, labels: dict[str, str] | None = None, **data: str) -> Object:
    """Return a manifest."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **({"labels": labels} if labels else {})}, "data": data}


def secret(**data: str) -> Object:
    """Return a manifest."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_what_the_server_keeps_for_itself_is_no_difference() -> None:
    noise = {"uid": "1", "resourceVersion": "7", "generation": 3, "creationTimestamp": "x", "managedFields": [{}]}
    copied = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    live = {"kind": "ConfigMap", "metadata": {"name": "a", **noise, "annotations": copied}, "data": {"x": "1"}, "status": {"y": 1}}
    before, after = applied_difference(live, {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}})
    assert before == after == {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    assert live["metadata"]["uid"] == "1", "the object itself stays as it is"


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ({"a": "1"}, {"a": "1"}, {"a": "VALUE_HIDDEN"}, {"a": "VALUE_HIDDEN"}),
        ({"a": "1"}, {"a": "2"}, {"a": "VALUE_HIDDEN (before)"}, {"a": "VALUE_HIDDEN (after)"}),
        ({"a": "1", "b": "2"}, {"a": "1"}, {"a": "VALUE_HIDDEN", "b": "VALUE_HIDDEN (before)"}, {"a": "VALUE_HIDDEN"}),
    ],
)
def test_values_of_secrets_are_hidden_and_differ_where_they_differ(old: Object, new: Object, before: Object, after: Object) -> None:
    difference = applied_difference(secret(**old), secret(**new))
    assert (difference[0]["data"], difference[1]["data"]) == (before, after)


def test_texts_of_a_secret_are_sent_coded_so_that_a_dropped_one_goes() -> None:
    given = {**secret(a="MQ=="), "stringData": {"b": "2"}}
    assert with_data(given) == secret(a="MQ==", b="Mg==")
    assert with_data({**given, "stringData": {"b": 2}})["stringData"] == {"b": 2}, "the server refuses what is no text"
    assert values_of(given) == ["MQ==", "2"]
    assert values_of(config_map(a="1")) == []


def test_manifests_are_shown_without_data_of_secrets() -> None:
    texts = {**secret(a="MQ=="), "stringData": {"b": "2"}}
    given = [{"kind": "List", "items": [texts, config_map(c="3")]}, {"kind": "Secret", "data": "odd"}]
    shown = without_secrets(given)
    assert shown[0]["items"][0]["data"] == {"a": "VALUE_HIDDEN"}
    assert shown[0]["items"][0]["stringData"] == {"b": "VALUE_HIDDEN"}
    assert shown[0]["items"][1] == given[0]["items"][1]
    assert shown[1]["data"] == "VALUE_HIDDEN"


def test_an_object_is_created_then_unchanged_then_changed() -> None:
    client = FakeClient()
    assert preview(client, config_map(x="1")) == ("created", {}, config_map(x="1"))
    client.apply(config_map(x="1"))
    assert preview(client, config_map(x="1")).verb == "unchanged"
    change = preview(client, config_map(x="2"))
    assert (change.verb, change.before["data"], change.after["data"]) == ("changed", {"x": "1"}, {"x": "2"})
    assert not [call for call in client.calls if call[0] == "apply"][1:], "a preview changes nothing"


def test_an_object_of_another_tool_is_changed_by_owning_it() -> None:
    client = FakeClient(config_map(x="1"))
    change = preview(client, config_map(x="1"))
    assert (change.verb, change.before["metadata"]["managedFields"]) == ("changed", [])
    client.apply(config_map(x="1"))
    assert preview(client, config_map(x="1")).verb == "unchanged"


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("v1", "Endpoints", "/api/v1/namespaces/n/endpoints/x"),
        ("v1", "Namespace", "/api/v1/namespaces/x"),
        ("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/x"),
        ("networking.k8s.io/v1", "Ingress", "/apis/networking.k8s.io/v1/namespaces/n/ingresses/x"),
        ("storage.k8s.io/v1", "StorageClass", "/apis/storage.k8s.io/v1/storageclasses/x"),
        ("postgresql.cnpg.io/v1", "Cluster", "/apis/postgresql.cnpg.io/v1/namespaces/n/clusters/x"),
        ("barmancloud.cnpg.io/v1", "ObjectStore", "/apis/barmancloud.cnpg.io/v1/namespaces/n/objectstores/x"),
        ("monitoring.coreos.com/v1", "Prometheus", "/apis/monitoring.coreos.com/v1/namespaces/n/prometheuses/x"),
    ],
)
def test_the_address_of_a_kind_is_known(api_version: str, kind: str, path: str) -> None:
    resource = known(api_version, kind)
    assert resource
    assert path_of(api_version, resource, "n", "x") == path


def test_a_kind_that_is_not_in_the_table_is_not_guessed() -> None:
    assert known("example.edu/v1", "Widget") is None
    assert known("v1", "Deployment") is None


def test_manifests_come_in_an_order_in_which_they_can_be_applied() -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.edu"},
        "spec": {"group": "example.edu", "names": {"kind": "Widget"}, "scope": "Cluster"},
    }
    widget = {"apiVersion": "example.edu/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "dropped"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "m"}}
    given = [widget, config_map("b"), {"kind": "List", "items": [config_map("a")]}, definition, [namespace]]
    ordered = placed(FakeClient(), given, "m")
    assert [obj["metadata"]["name"] for obj in ordered] == ["m", "widgets.example.edu", "w", "b", "a"]
    assert [obj["metadata"].get("namespace") for obj in ordered] == [None, None, None, "m", "m"]
    assert placed(FakeClient(namespace="context"), [config_map()], None)[0]["metadata"]["namespace"] == "context"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["text"], "Manifest 1 is not a mapping"),
        ([config_map(), {"kind": "ConfigMap"}], r"Manifest 2 \(ConfigMap without a name\) lacks apiVersion and metadata.name"),
        ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}], "lacks metadata.name"),
        ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}], "lacks metadata.name; each must be a text"),
        ([config_map(), config_map(x="1")], "ConfigMap m/a is there twice"),
    ],
)
def test_a_manifest_that_names_nothing_is_refused(given: list[t.Any], words: str) -> None:
    with pytest.raises(KubeError, match=words) as caught:
        placed(FakeClient(), given, "m")
    assert caught.value.error == "bad_manifest"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not valid YAML in line 2"),
        ("kind: A\nkind: B\n", "in line 2: the key kind is there twice"),
        ("x: !!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: pathlib.Path, text: str, words: str) -> None:
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(KubeError, match=words):
        read_file(str(tmp_path / "x.yml"))


def test_a_file_may_hold_several_documents_and_no_dates(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.yml").write_text("---\na: 2026-01-01\n---\n---\n<<: {c: 1}\nb: yes\n")
    assert read_file(str(tmp_path / "x.yml")) == [{"a": "2026-01-01"}, {"c": 1, "b": True}]
    with pytest.raises(KubeError, match="No such file"):
        read_file(str(tmp_path / "y.yml"))


def run(client: FakeClient, *manifests: Object, check: bool = False, **request: t.Any) -> Object:
    """Make manifests true."""
    return DesiredState(client, placed(client, manifests, None), Request(**request)).run(check=check)


def changes(result: Object) -> list[str]:
    """Return what happened, in order."""
    return [f"{row['name']} {row['change']}" for row in result["resources"]]


def test_everything_is_tried_before_anything_is_done() -> None:
    client = FakeClient()
    run(client, config_map("a"), config_map("b"))
    assert [verb for verb, _kind, _name in client.calls] == ["dry apply", "dry apply", "apply", "apply"]
    client.calls.clear()
    result = run(client, config_map("a"), config_map("b"), check=True)
    assert (changes(result), result["changed"], result["diff"]) == (["a unchanged", "b unchanged"], False, [])


def test_a_refused_manifest_leaves_all_alone() -> None:
    client = FakeClient()
    client.errors["apply", "Secret"] = KubeError("Cannot apply Secret s.", error="invalid")
    with pytest.raises(KubeError, match=r"Cannot apply Secret s\. Nothing was changed\.") as caught:
        run(client, config_map("a"), secret())
    assert (caught.value.details["resources"], caught.value.details["changed"], client.objects) == ([], False, {})


def test_deletion_goes_the_other_way_round_and_what_goes_already_is_left() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    going = {**config_map("going"), "metadata": {"name": "going", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    client = FakeClient(namespace, config_map("a"), going)
    result = run(client, namespace, config_map("a"), config_map("going"), present=False, confirmed=("Namespace/default",))
    assert changes(result) == ["going unchanged", "a deleted", "default deleted"]
    assert [call[2] for call in client.calls] == ["a", "default"]


def test_an_object_that_is_being_deleted_cannot_be_applied() -> None:
    going = {**config_map("going"), "metadata": {"name": "going", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    with pytest.raises(KubeError, match=r"ConfigMap default/going is being deleted\. Run the task again when it is gone"):
        run(FakeClient(going), config_map("going"))


@pytest.mark.parametrize(
    ("row", "words"),
    [("Deployment", "Deployment cannot be pruned"), ("v1/Node", "v1/Node cannot be pruned")],
)
def test_a_kind_that_cannot_be_pruned_is_refused(row: str, words: str) -> None:
    labels = {"a": "b"}
    with pytest.raises(KubeError, match=words):
        run(FakeClient(), config_map(labels=labels), prune_labels=labels, prune_namespace="default", prune_kinds=(row,))


def test_a_kind_that_is_not_installed_is_no_obstacle_to_pruning_and_a_misspelt_one_is() -> None:
    labels, client = {"a": "b"}, FakeClient()
    for kind in ("PodMonitor", "Deploymint"):
        client.errors["list", kind] = KubeError(f"no kind {kind}", error="unknown_kind")
    wishes = {"prune_labels": labels, "prune_namespace": "default"}
    assert run(client, config_map(labels=labels), prune_kinds=("monitoring.coreos.com/v1/PodMonitor",), **wishes)["changed"]
    with pytest.raises(KubeError, match="no kind Deploymint"):
        run(client, config_map(labels=labels), prune_kinds=("apps/v1/Deploymint",), **wishes)


def test_waiting_goes_over_all_objects_and_names_the_one_that_failed() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "upgrade"}}
    client = FakeClient()
    failed = [{"type": "Failed", "status": "True", "message": "too often"}]
    client.script = [lambda client: client.set_status("Job", "upgrade", conditions=failed)]
    with pytest.raises(KubeError, match="Job default/upgrade failed: too often") as caught:
        run(client, config_map("a"), job, wait_seconds=5)
    assert caught.value.error == "not_ready"
    assert [(row["ready"], row["reason"]) for row in caught.value.details["resources"]] == [(True, ""), (False, "too often")]
