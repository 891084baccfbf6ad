# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""helm_release_info on releases that a real helm has written. Unit tests read records of Helm 3 and of Helm 4."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest
from support.helm import Workbench
from support.kubernetes import ApiServer
from support.modules import ModuleRunner, environment
from support.plays import PlayRunner

CANARY = "canary-90ab11"


@pytest.fixture
def bench(run_module: ModuleRunner, api_server: ApiServer, helm4: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A namespace with two releases, made by helm itself, in a cluster with releases of other tests."""
    bench = Workbench(run_module, api_server, helm4, namespace, tmp_path)
    for name, options in {"web": ["--labels=team=physics", f"--set=password={CANARY}"], "other": []}.items():
        command = [helm4, "install", name, str(bench.chart), f"--namespace={namespace}", *options]
        subprocess.run(command, env=environment({"KUBECONFIG": api_server.kubeconfig}), check=True, capture_output=True)
    return bench


@pytest.fixture
def read(run_module: ModuleRunner, bench: Workbench) -> t.Callable[..., list[dict[str, t.Any]]]:
    """Return a function that returns the releases for some options."""

    def read(**options: t.Any) -> list[dict[str, t.Any]]:
        args = {"namespace": bench.namespace, **options}
        done = [
            run_module("helm_release_info", args, check=check, environ={**bench.server.environ, "PATH": "/bin"}) for check in (True, False)
        ]
        assert [result["failed"] for result in done] == [False, False], done
        check, real = ([(row["namespace"], row["name"], row["status"]) for row in result["releases"]] for result in done)
        assert check == real
        return t.cast("list[dict[str, t.Any]]", done[1]["releases"])

    return read


def test_releases_are_found_by_namespace_name_and_label(bench: Workbench, read: t.Callable[..., list[dict[str, t.Any]]]) -> None:
    assert [row["name"] for row in read()] == ["other", "web"]
    assert [row["name"] for row in read(names=["web", "nobody"])] == ["web"]
    assert [row["name"] for row in read(selector="team=physics")] == ["web"]
    everywhere = read(namespace=None, names=["web"])
    found = next(row for row in everywhere if row["namespace"] == bench.namespace)
    assert read(names=["nobody"]) == []
    expected = {"revision": 1, "status": "deployed", "chart": "site", "chart_version": "1.0.0", "pending": False, "stale": False}
    assert {name: found[name] for name in expected} == expected


def test_parts_are_read_on_demand_and_secrets_stay_hidden(bench: Workbench, read: t.Callable[..., list[dict[str, t.Any]]]) -> None:
    bench.run(values={"tests": True, "replicas": 2}, sensitive_values={"password": CANARY})
    parts = ["values", "manifest", "hooks", "history", "resources"]
    row = read(names=["web"], include=parts)[0]
    assert CANARY not in str(row)
    assert [past["status"] for past in row["history"]] == ["deployed", "superseded"]
    assert [(hook["name"], hook["events"], hook["phase"]) for hook in row["hooks"]] == [("web-test", ["test"], "Unknown")]
    assert {obj["kind"] for obj in row["manifest"]} == {"ConfigMap", "Deployment", "Secret"}
    assert {obj["kind"]: obj["ready"] for obj in row["resources"]} == {"ConfigMap": True, "Deployment": False, "Secret": True}
    shown = read(names=["web"], include=["values", "manifest"], show_values=True)[0]
    assert shown["user_values"] == {"tests": True, "replicas": 2, "password": CANARY}
    secret = next(obj for obj in shown["manifest"] if obj["kind"] == "Secret")
    assert CANARY not in str(secret)


def test_a_release_that_a_killed_helm_has_left_is_stale(bench: Workbench, read: t.Callable[..., list[dict[str, t.Any]]]) -> None:
    bench.set_status(1, "pending-install")
    row = read(names=["web"])[0]
    assert (row["status"], row["pending"], row["stale"]) == ("pending-install", True, False)
    bench.run(values={"replicas": 2}, pending_recovery="force")
    bench.set_status(2, "pending-upgrade", age_seconds=700)
    assert read(names=["web"])[0]["stale"]
    assert not read(names=["web"], stale_after=7000)[0]["stale"]


def test_a_record_that_cannot_be_read_does_not_hide_the_others(bench: Workbench, read: t.Callable[..., list[dict[str, t.Any]]]) -> None:
    bench.patch("secrets", {"data": {"release": "bm9uc2Vuc2U="}}, "sh.helm.release.v1.web.v1")
    other, web = read(include=["values", "manifest", "history"])
    assert (other["chart"], other["unreadable"]) == ("site", "")
    assert (web["name"], web["status"], web["chart"]) == ("web", "deployed", "")
    assert "sh.helm.release.v1.web.v1" in web["unreadable"]


def test_a_user_without_rights_is_told_which_right_is_missing(bench: Workbench, run_module: ModuleRunner) -> None:
    refused = run_module("helm_release_info", {"kubeconfig": bench.server.kubeconfig_for("viewer")})
    assert (refused["failed"], refused["error"], refused["verb"], refused["resource"]) == (True, "forbidden", "list", "secrets")


def test_every_example_works(bench: Workbench, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    defaults = {"kubeconfig": bench.server.kubeconfig}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"campus.moodle.helm_release_info": defaults},
        "tasks": examples_of("helm_release_info"),
    }
    done = run_play([play])
    assert done.rc == 0, done.output
