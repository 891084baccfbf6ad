# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The inventory of sites against a real API server: releases by real helm, objects of a real custom resource definition."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest
from support.kubernetes import ApiServer
from support.modules import environment

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "moodlesites.campus.moodle.io"},
    "spec": {
        "group": "campus.moodle.io",
        "scope": "Namespaced",
        "names": {"plural": "moodlesites", "singular": "moodlesite", "kind": "MoodleSite", "listKind": "MoodleSiteList"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[[str], pathlib.Path]:
    """Return a function that makes a small chart of a name."""

    def make(name: str) -> pathlib.Path:
        folder = tmp_path_factory.mktemp(name)
        (folder / "templates").mkdir()
        (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": name, "version": "1.2.3", "appVersion": "4.5.5"}))
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}"}}
        (folder / "templates" / "one.yaml").write_text(json.dumps(body))
        return folder

    return make


@pytest.fixture(scope="module")
def cluster(api_server: ApiServer, chart: t.Callable[[str], pathlib.Path], helm3: str, helm4: str) -> tuple[str, str]:
    """Fill two namespaces: two sites by either helm, one of them upgraded, and a release of another chart."""
    names = ("sites-a", "sites-b")
    for name in names:
        api_server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    moodle, other = str(chart("moodle")), str(chart("other"))
    for binary, words in (
        (helm3, ["install", "physics", moodle, "--namespace", "sites-a", "--set", "secret=canary-9"]),
        (helm3, ["upgrade", "physics", moodle, "--namespace", "sites-a", "--set", "secret=canary-9"]),
        (helm4, ["install", "history", moodle, "--namespace", "sites-b"]),
        (helm4, ["install", "shop", other, "--namespace", "sites-b"]),
    ):
        subprocess.run([binary, *words], env=environment(api_server.environ), check=True, capture_output=True)
    return names


@pytest.fixture
def listing(tmp_path: pathlib.Path, cluster: tuple[str, str], api_server: ApiServer) -> t.Callable[..., dict[str, t.Any]]:
    """Return a function that runs ansible-inventory with options of the plugin."""

    def run(*, kubeconfig: str = "", fails: bool = False, **options: t.Any) -> dict[str, t.Any]:
        source = tmp_path / "test.moodle_sites.yml"
        given = {"plugin": "campus.moodle.sites", "namespaces": list(cluster), **options}
        source.write_text(json.dumps({name: value for name, value in given.items() if value is not None}))
        environ = environment(
            {"K8S_AUTH_KUBECONFIG": kubeconfig or api_server.kubeconfig},
            ANSIBLE_COLLECTIONS_PATH=os.environ["ANSIBLE_COLLECTIONS_PATH"],
            ANSIBLE_INVENTORY_ENABLED="campus.moodle.sites",
            ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true",
        )
        command = ["ansible-inventory", "-i", str(source), "--list"]
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stderr
        return {"error": done.stderr} if fails else {**plain(json.loads(done.stdout)), "warnings": done.stderr}

    return run


def plain(node: t.Any) -> t.Any:
    """Return what is listed without the marks of text that must not be rendered."""
    if isinstance(node, dict):
        return node["__ansible_unsafe"] if "__ansible_unsafe" in node else {name: plain(value) for name, value in node.items()}
    return [plain(value) for value in node] if isinstance(node, list) else node


def hosts(found: dict[str, t.Any], group: str = "moodle_sites") -> list[str]:
    """Return the hosts of a group."""
    return sorted(found.get(group, {}).get("hosts", []))


def test_releases_of_the_chart_are_sites(listing: t.Callable[..., dict[str, t.Any]]) -> None:
    found = listing()
    assert hosts(found) == ["history.sites-b", "physics.sites-a"]
    site = found["_meta"]["hostvars"]["physics.sites-a"]["moodle_site"]
    assert site == {
        "source": "release",
        "name": "physics",
        "namespace": "sites-a",
        "status": "deployed",
        "revision": 2,
        "chart": "moodle",
        "chart_version": "1.2.3",
        "app_version": "4.5.5",
    }
    assert "canary-9" not in json.dumps(found)
    valued = listing(include_values=True)["_meta"]["hostvars"]["physics.sites-a"]["moodle_site"]
    assert valued["user_values"] == {"secret": "canary-9"}


def test_sites_are_chosen_by_namespace_chart_and_source(listing: t.Callable[..., dict[str, t.Any]]) -> None:
    assert hosts(listing(namespaces=["sites-a"])) == ["physics.sites-a"]
    assert hosts(listing(chart="other")) == ["shop.sites-b"]
    assert hosts(listing(sources=["objects"])) == []
    assert hosts(listing(label_selector="name=history")) == ["history.sites-b"]
    assert hosts(listing(namespaces=None)) == ["history.sites-b", "physics.sites-a"]


def test_hosts_are_named_grouped_and_given_variables(listing: t.Callable[..., dict[str, t.Any]]) -> None:
    found = listing(
        hostname="moodle_site.name",
        keyed_groups=[{"key": "moodle_site.namespace", "prefix": "in"}],
        groups={"current": "moodle_site.app_version == '4.5.5'"},
        compose={"moodle_runner": "['kubectl', 'exec', 'deploy/' ~ moodle_site.name]"},
        strict=True,
    )
    assert (hosts(found, "in_sites_a"), hosts(found, "current")) == (["physics"], ["history", "physics"])
    assert found["_meta"]["hostvars"]["history"]["moodle_runner"] == ["kubectl", "exec", "deploy/history"]
    assert "Two sites have the name site" in listing(hostname="'site'", fails=True)["error"]


def test_what_is_cached_is_not_asked_again(
    listing: t.Callable[..., dict[str, t.Any]], tmp_path: pathlib.Path, api_server: ApiServer
) -> None:
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listing(**cached)
    nobody = api_server.kubeconfig_for("admin", cluster={"server": "https://127.0.0.1:1"})
    assert listing(**cached, kubeconfig=nobody) == first


def test_the_examples_run(
    listing: t.Callable[..., dict[str, t.Any]], examples_of: t.Callable[..., list[dict[str, t.Any]]], api_server: ApiServer
) -> None:
    production = [{"name": "production", "context": {"cluster": "tools", "user": "admin"}}]
    kubeconfig = api_server.kubeconfig_for("admin", contexts=production, **{"current-context": "production"})
    for example in examples_of("sites", "inventory"):
        assert "moodle_sites" in {"moodle_sites": [], **listing(kubeconfig=kubeconfig, **example)}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"cluster": {"server": "https://127.0.0.1:1"}}, "cannot be listed"),
        ({"user_entry": {"token": "expired"}}, "cannot be listed"),
        ({"current-context": "gone"}, "gone"),
    ],
)
def test_a_cluster_that_does_not_answer_is_an_error(
    listing: t.Callable[..., dict[str, t.Any]], api_server: ApiServer, changes: dict[str, t.Any], part: str
) -> None:
    kubeconfig = api_server.kubeconfig_for("admin", **changes)
    assert part in listing(kubeconfig=kubeconfig, api_timeout=2, fails=True)["error"]


def test_a_user_who_may_not_read_secrets_is_told_so(listing: t.Callable[..., dict[str, t.Any]], api_server: ApiServer) -> None:
    assert "cannot be listed" in listing(kubeconfig=api_server.kubeconfig_for("viewer"), fails=True)["error"]


def test_a_broken_release_costs_a_warning_and_not_the_inventory(
    listing: t.Callable[..., dict[str, t.Any]], api_server: ApiServer, namespace: str
) -> None:
    labels = {"owner": "helm", "name": "broken", "version": "1", "status": "deployed"}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.broken.v1", "labels": labels},
        "stringData": {"release": "no release"},
    }
    api_server.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body)
    found = listing(namespaces=["sites-a", namespace])
    assert hosts(found) == ["physics.sites-a"]
    warned = " ".join(found["warnings"].split())
    assert f"The release broken in namespace {namespace} is left out of the inventory. Secret sh.helm.release.v1.broken.v1" in warned


def test_objects_are_sites_and_win_over_their_release(
    listing: t.Callable[..., dict[str, t.Any]], api_server: ApiServer, kube: t.Any
) -> None:
    kube.create(CRD)
    name = "moodlesites.campus.moodle.io"
    seen = kube.watch("apiextensions.k8s.io/v1", "CustomResourceDefinition", name=name, timeout=60)
    next(obj for _event, obj in seen if "Established" in [row["type"] for row in (obj.get("status") or {}).get("conditions") or []])
    for namespace, name in (("sites-a", "physics"), ("sites-b", "music")):
        body = {
            "apiVersion": "campus.moodle.io/v1alpha1",
            "kind": "MoodleSite",
            "metadata": {"name": name, "namespace": namespace, "labels": {"tier": "gold"}},
            "spec": {"url": f"https://{name}.example.edu"},
        }
        api_server.request("POST", f"/apis/campus.moodle.io/v1alpha1/namespaces/{namespace}/moodlesites", body)
    found = listing()
    assert hosts(found) == ["history.sites-b", "music.sites-b", "physics.sites-a"]
    both = found["_meta"]["hostvars"]["physics.sites-a"]["moodle_site"]
    assert (both["source"], both["spec"]["url"], both["labels"]) == ("object", "https://physics.example.edu", {"tier": "gold"})
    assert both["chart_version"] == "1.2.3"
