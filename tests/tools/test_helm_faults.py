# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""helm_release when something is wrong: each failure has a key and a sentence, and nothing half done is called done.

The API server has no controllers, so a test ends the Jobs of hooks itself, or leaves them running.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import signal
import subprocess
import typing as t

import pytest
from support.helm import Workbench, controller, diff_of, job_status, titles
from support.kubernetes import ApiServer
from support.modules import ModuleRunner, environment
from support.plays import PlayRunner

CANARY = "canary-7f3a91"
OLD_CANARY = "former-5c2e88"


@pytest.fixture
def bench(run_module: ModuleRunner, api_server: ApiServer, helm: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release to work on, with Helm 3 and with Helm 4."""
    return Workbench(run_module, api_server, helm, namespace, tmp_path)


@pytest.fixture
def bench4(run_module: ModuleRunner, api_server: ApiServer, helm4: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release to work on, where the version of helm makes no difference."""
    return Workbench(run_module, api_server, helm4, namespace, tmp_path)


def script(bench: Workbench, text: str) -> str:
    """Write a program and return its path."""
    path = bench.folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_failed_hook_is_diagnosed_and_the_next_run_tries_again(bench: Workbench) -> None:
    bench.run()
    values = {"replicas": 2, "hooks": {"pre-upgrade": True}}
    with controller(bench, "jobs", lambda _job: job_status(succeeded=False)):
        failed = bench.fail(values=values)
    assert failed["error"] == "hook_failed"
    assert "Hook Job web-pre-upgrade: its last run is Failed." in failed["diagnosis"]
    assert (failed["actions"], failed["release"]["status"], failed["changed"]) == (["upgrade"], "failed", True)
    assert bench.get("deployments")["spec"]["replicas"] == 1
    with controller(bench, "jobs", lambda _job: job_status(succeeded=True)):
        again = bench.beats(values=values)
    assert (again.do["release"]["revision"], again.do["release"]["status"]) == (3, "deployed")


def test_a_failed_upgrade_is_rolled_back_and_a_failed_installation_removed(bench: Workbench) -> None:
    values = {"replicas": 2, "hooks": {"post-install": True, "post-upgrade": True}}
    with controller(bench, "jobs", lambda _job: job_status(succeeded=False)):
        assert bench.fail(values=values, on_failure="rollback")["actions"] == ["install"]
        assert bench.release(1)["info"]["status"] == "failed"
        removed = bench.fail(values=values, on_failure="uninstall")
    assert (removed["actions"], bench.record(1), bench.get("deployments")) == (["upgrade", "uninstall"], None, None)
    bench.run()
    with controller(bench, "jobs", lambda _job: job_status(succeeded=False)):
        undone = bench.fail(values=values, on_failure="uninstall")
    assert (undone["error"], undone["actions"], undone["changed"]) == ("hook_failed", ["upgrade", "rollback"], True)
    assert (undone["release"]["revision"], undone["release"]["status"]) == (3, "deployed")
    assert bench.get("deployments")["spec"]["replicas"] == 1
    assert bench.release(3)["info"]["status"] == "deployed"


def test_a_healthy_release_is_not_undone_when_helm_fails_before_it_begins(bench: Workbench) -> None:
    for replicas in (1, 2, 3):
        bench.run(values={"replicas": replicas})
    helm = f'exec {bench.binary} "$@"'
    failing = script(bench, f'case "$*" in upgrade*dry-run*) {helm};; upgrade*) echo "Error: no" >&2; exit 1;; esac\n{helm}')
    failed = bench.fail(values={"replicas": 4}, on_failure="rollback", binary=failing)
    assert (failed["error"], failed["actions"], failed["changed"]) == ("helm_failed", ["upgrade"], False)
    assert (bench.record(4), bench.get("deployments")["spec"]["replicas"]) == (None, 3)


def test_the_revision_of_another_helm_that_was_faster_is_not_undone(bench: Workbench) -> None:
    bench.run()
    bench.run(values={"replicas": 3})
    helm, place = f'exec {bench.binary} "$@"', f"--namespace={bench.namespace} --kubeconfig={bench.server.kubeconfig}"
    other = f"{bench.binary} upgrade web {bench.chart} --set=replicas=9 {place} >&2"
    racing = script(bench, f'case "$*" in upgrade*dry-run*) {helm};; upgrade*) {other}; echo "Error: no" >&2; exit 1;; esac\n{helm}')
    failed = bench.fail(values={"replicas": 4}, on_failure="rollback", binary=racing)
    assert (failed["actions"], failed["changed"], failed["release"]["revision"]) == (["upgrade"], False, 3)
    assert bench.get("deployments")["spec"]["replicas"] == 9


def test_a_release_that_a_killed_helm_has_left_is_only_touched_when_the_task_says_so(bench: Workbench) -> None:
    bench.run()
    bench.run(values={"replicas": 2})
    bench.set_status(1, "deployed")
    bench.set_status(2, "pending-upgrade")
    for more in ({}, {"pending_recovery": "stale"}, {"state": "absent"}, {"state": "rolled_back", "revision": "1"}):
        refused = bench.fail(values={"replicas": 3}, **more)
        assert (refused["error"], refused["status"], refused["commands"]) == ("pending", "pending-upgrade", [])
    bench.set_status(2, "pending-upgrade", age_seconds=700)
    beats = bench.beats(values={"replicas": 3}, pending_recovery="stale")
    assert beats.do["actions"] == ["recover", "upgrade"]
    assert "status: pending-upgrade" in diff_of(beats.do, "Release web")["before"]
    assert bench.get("deployments")["spec"]["replicas"] == 3
    assert [bench.release(number)["info"]["status"] for number in (1, 2, 3)] == ["superseded", "failed", "deployed"]


@pytest.mark.parametrize("status", ["pending-install", "pending-rollback", "uninstalling"])
def test_a_release_is_recovered_from_every_status_that_stays_behind(bench: Workbench, status: str) -> None:
    bench.run()
    bench.set_status(1, status)
    assert bench.fail()["error"] == "pending"
    assert bench.run(pending_recovery="force")["actions"] == ["recover", "upgrade"]
    bench.unchanged_without_helm()


def test_a_helm_that_was_really_killed_does_not_block_the_release(bench: Workbench) -> None:
    bench.run()
    command = [bench.binary, "upgrade", "web", str(bench.chart), f"--namespace={bench.namespace}", "--set=hooks.pre-upgrade=true"]
    environ = environment({"KUBECONFIG": bench.server.kubeconfig})
    with controller(bench, "jobs", lambda _job: {"active": 1}) as seen:
        helm = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert seen.get(timeout=60) == "web-pre-upgrade"
        os.kill(helm.pid, signal.SIGKILL)
        helm.wait()
    assert bench.fail()["error"] == "pending"
    beats = bench.beats(values={"replicas": 2}, pending_recovery="force")
    assert (beats.do["actions"], beats.do["release"]["revision"]) == (["recover", "upgrade"], 3)


def test_a_pending_release_can_be_removed_when_the_task_says_so(bench4: Workbench) -> None:
    bench4.run()
    bench4.set_status(1, "pending-install")
    assert bench4.beats(state="absent", pending_recovery="force").do["actions"] == ["uninstall"]
    assert bench4.get("deployments") is None


def test_a_release_that_does_not_fit_into_a_secret_is_refused_before_anything_changes(bench: Workbench) -> None:
    bench.run()
    for check in (True, False):
        refused = bench.fail(values={"bulk": 1500000}, check=check)
        assert refused["error"] == "too_large"
        assert refused["size"] > refused["limit"] == 1048576
    assert bench.record(2) is None


def test_objects_that_are_too_large_are_refused_before_crds_for_them_are_applied(bench: Workbench) -> None:
    bench.chart = bench.copied("widgets")
    group = f"g{bench.namespace[-10:]}.example.org"
    for file in ("crds/widgets.yaml", "templates/widget.tpl"):
        bench.edit(file, "tools.example.org", group)
    bench.edit("templates/widget.tpl", "size: 1", "size: 1\n  text: {{ randAscii 1500000 | b64enc }}")
    for check in (True, False):
        refused = bench.fail(check=check)
        assert (refused["error"], refused["actions"], refused["changed"]) == ("too_large", [], False)
    crds = bench.server.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    assert f"widgets.{group}" not in [crd["metadata"]["name"] for crd in crds]


def test_a_value_that_the_schema_forbids_is_named(bench: Workbench) -> None:
    refused = bench.fail(values={"replicas": "many"})
    assert (refused["error"], refused["changed"]) == ("schema", False)
    assert "replicas" in refused["msg"]
    assert bench.record(1) is None


def test_objects_of_others_are_only_taken_over_on_demand(bench: Workbench) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"message": "mine"}}
    bench.server.request("POST", bench.path("configmaps", "").rstrip("/"), body)
    for check in (True, False):
        assert bench.fail(check=check)["error"] == "ownership"
    # Helm 4 applies on the server, where the one who set a field has to give it up as well.
    assert bench.beats(take_ownership=True, force_conflicts=bench.major == 4).do["actions"] == ["install"]
    assert bench.get("configmaps")["data"]["message"] == "hello"


def test_a_field_that_something_else_manages_is_a_conflict_that_can_be_forced(bench4: Workbench) -> None:
    bench4.run()
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"message": "mine"}}
    bench4.server.request("PATCH", bench4.path("configmaps") + "?fieldManager=rival&force=true", mine, "application/apply-patch+yaml")
    assert bench4.fail(values={"message": "new"})["error"] == "conflict"
    assert bench4.run(values={"message": "new"}, force_conflicts=True)["changed"]
    assert bench4.get("configmaps")["data"]["message"] == "new"


def test_what_takes_too_long_ends_as_a_timeout_with_a_diagnosis(bench: Workbench) -> None:
    late = bench.fail(wait="helm", timeout=3)
    assert (late["error"], late["release"]["status"]) == ("timeout", "failed")
    assert any(line.startswith("Deployment web: ") for line in late["diagnosis"])


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"chart": {"ref": "/no/such/chart"}}, "chart_not_found", "/no/such/chart"),
        ({"chart": {"ref": "/etc"}}, "chart_not_found", "Chart.yaml"),
        ({"chart": {"ref": "oci://127.0.0.1:1/none", "version": "1.0.0"}}, "chart_not_found", "chart.ref"),
        ({"chart": {"ref": "nobody/knows", "version": "1.0.0"}}, "chart_not_found", "nobody"),
        ({"values_files": ["/no/such/values"]}, "values_file", "/no/such/values"),
        ({"namespace": "no-such-namespace"}, "namespace_not_found", "create_namespace"),
        ({"host": "https://127.0.0.1:1", "api_key": "x"}, "unreachable", "127.0.0.1:1"),
        ({"state": "rolled_back", "revision": "1"}, "not_found", "none"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(bench4: Workbench, more: dict[str, t.Any], error: str, words: str) -> None:
    result = bench4.fail(**more)
    assert (result["error"], words in result["msg"]) == (error, True), result["msg"]


def test_a_missing_program_an_old_one_and_one_without_the_option_are_told_apart(bench4: Workbench, helm3: str) -> None:
    missing = bench4.fail(binary="no-such-helm")
    assert (missing["error"], "The program no-such-helm was not found" in missing["msg"]) == ("missing_program", True)
    old = bench4.fail(binary=script(bench4, "echo v3.9.4"))
    assert (old["error"], old["needed_version"], old["found_version"]) == ("unsupported_option", "3.15.0", "3.9.4")
    assert "does not print its version" in bench4.fail(binary=script(bench4, "echo hello"))["msg"]
    for option, value in (("server_side", "true"), ("force_conflicts", True)):
        refused = bench4.fail(binary=helm3, **{option: value})
        assert (refused["error"], refused["option"]) == ("unsupported_option", option)
    assert bench4.fail(environ={"HELM_DRIVER": "configmap"})["error"] == "unsupported_option"


def test_a_user_without_rights_is_told_which_right_is_missing(bench4: Workbench) -> None:
    refused = bench4.fail(kubeconfig=bench4.server.kubeconfig_for("viewer"))
    assert (refused["error"], refused["verb"], refused["resource"]) == ("forbidden", "list", "secrets")
    expired = bench4.fail(kubeconfig=bench4.server.kubeconfig_for("admin", user_entry={"token": "expired"}))
    assert expired["error"] == "unauthorized"


def test_a_record_that_cannot_be_read_is_named(bench4: Workbench) -> None:
    bench4.run()
    bench4.patch("secrets", {"data": {"release": "bm9uc2Vuc2U="}}, "sh.helm.release.v1.web.v1")
    broken = bench4.fail()
    assert (broken["error"], "sh.helm.release.v1.web.v1" in broken["msg"]) == ("corrupt", True)


def test_no_secret_leaves_the_task(bench: Workbench, run_play: PlayRunner) -> None:
    """Not in the output at the highest verbosity with a diff, not in a command line or environment, not in a file that stays."""
    log = bench.folder / "log"
    spy = f'(tr "\\0" " " < /proc/$$/cmdline; env; ps -eo args; ls "$(dirname "$KUBECONFIG")") >> {log}\nexec {bench.binary} "$@"'
    options = {"kubeconfig": bench.server.kubeconfig, "namespace": bench.namespace, "name": "web", "binary": script(bench, spy)}
    chart = {"ref": str(bench.chart)}

    def task(**more: t.Any) -> dict[str, t.Any]:
        return {"name": "Deploy", "campus.moodle.helm_release": {**options, "chart": chart, **more}, "ignore_errors": True}

    bench.run(sensitive_values={"password": OLD_CANARY})
    tasks = [
        task(sensitive_values={"password": CANARY}),
        {**task(sensitive_values={"password": CANARY, "message": "again"}), "check_mode": True},
        # A secret that only the stored release knows.
        task(values={"message": "plain"}),
        task(sensitive_values={"password": [CANARY]}),
        task(sensitive_values={"password": CANARY}, wait="resources", timeout=1),
    ]
    done = run_play(tasks, verbosity=3)
    assert [bool(result.get("failed")) for result in done.results] == [False, False, False, True, True]
    assert [result["changed"] for result in done.results[:3]] == [True, True, True]
    assert "Secret web" in titles(done.results[0])
    seen = log.read_text(encoding="utf-8")
    assert "--values=-" in seen
    # Nor anything that a guess could be checked with.
    texts = [word for secret in (CANARY, OLD_CANARY) for word in (secret, base64.b64encode(secret.encode()).decode())]
    for secret in [*texts, *(hashlib.sha256(text.encode()).hexdigest()[:8] for text in texts)]:
        assert secret not in done.output
        assert secret not in str(done.results)
        assert secret not in seen
