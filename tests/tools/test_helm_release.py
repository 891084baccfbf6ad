# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""helm_release with real Helm 3 and 4 on a real API server: what it changes, what it says before, and what it leaves alone.

The API server has no nodes and no controllers, so a test that is about readiness sets the status of objects itself.
"""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import typing as t

import pytest
from support.helm import (
    NO_HELM,
    Workbench,
    controller,
    deployment_status,
    diff_of,
    job_status,
    pod_status,
    titles,
)
from support.kubernetes import ApiServer
from support.modules import ModuleRunner
from support.plays import PlayRunner
from support.storage import Place

ALL = ["Release web", "Deployment web", "ConfigMap web", "Secret web"]


@pytest.fixture
def bench(run_module: ModuleRunner, api_server: ApiServer, helm: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release to work on, with Helm 3 and with Helm 4."""
    return Workbench(run_module, api_server, helm, namespace, tmp_path)


@pytest.fixture
def bench4(run_module: ModuleRunner, api_server: ApiServer, helm4: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release to work on, where the version of helm makes no difference."""
    return Workbench(run_module, api_server, helm4, namespace, tmp_path)


def test_the_first_installation_shows_every_object_and_the_next_run_starts_no_helm(bench: Workbench) -> None:
    bench.namespace += "-new"
    beats = bench.beats(create_namespace=True, values={"replicas": 2})
    assert beats.do["actions"] == ["install"]
    assert titles(beats.do) == [f"Namespace {bench.namespace}", *ALL]
    assert "replicas: 2" in diff_of(beats.do, "Deployment web")["after"]
    assert beats.check["release"] is None
    expected = {"revision": 1, "status": "deployed", "chart": "site", "chart_version": "1.0.0", "app_version": "4.5"}
    assert {name: beats.do["release"][name] for name in expected} == expected
    assert beats.do["release"]["apply_method"] == ("csa" if bench.major == 3 else "ssa")
    assert beats.do_again["commands"] == []
    bench.unchanged_without_helm(create_namespace=True, values={"replicas": 2})


def test_in_check_mode_a_namespace_may_come_from_an_earlier_task(bench: Workbench) -> None:
    bench.namespace += "-new"
    predicted = bench.run(check=True)
    assert (predicted["actions"], predicted["release"], titles(predicted)) == (["install"], None, ALL)
    assert f"There is no namespace {bench.namespace} yet, which release web needs." in str(predicted["warnings"])
    assert bench.fail()["error"] == "namespace_not_found"


def test_changed_values_make_one_revision_and_show_only_what_differs(bench: Workbench) -> None:
    bench.run()
    beats = bench.beats(values={"replicas": 3})
    assert (beats.do["actions"], beats.do["release"]["revision"]) == (["upgrade"], 2)
    assert titles(beats.do) == ["Release web", "Deployment web"]
    assert bench.get("deployments")["spec"]["replicas"] == 3


def test_values_that_the_task_no_longer_has_go_back_to_the_defaults(bench4: Workbench) -> None:
    bench4.run(values={"replicas": 3})
    assert bench4.run()["changed"]
    assert bench4.get("deployments")["spec"]["replicas"] == 1


def test_an_edited_template_of_the_same_chart_version_is_a_change(bench: Workbench) -> None:
    bench.run()
    bench.edit("templates/site.tpl", "web:1", "web:2")
    assert titles(bench.beats().do) == ["Deployment web"]


def test_a_chart_that_renders_the_same_is_no_change_and_is_not_rendered_twice(bench4: Workbench) -> None:
    bench4.run()
    bench4.edit("values.yaml", "replicas: 1", "# A comment.\nreplicas: 1")
    assert not bench4.run(check=True)["changed"]
    again = bench4.run()
    assert not again["changed"] and again["commands"]
    assert bench4.unchanged_without_helm()["release"]["revision"] == 1


def test_later_values_files_win_and_values_of_the_task_win_over_them(bench4: Workbench) -> None:
    files = []
    for name, text in {"first": "message: first\nreplicas: 2\n", "second": "message: second\n"}.items():
        files.append(str(bench4.folder / f"{name}.yaml"))
        pathlib.Path(files[-1]).write_text(text, encoding="utf-8")
    bench4.run(values_files=files)
    assert bench4.get("configmaps")["data"]["message"] == "second"
    assert bench4.get("deployments")["spec"]["replicas"] == 2
    assert titles(bench4.run(values_files=files[::-1])) == ["Release web", "ConfigMap web"]
    bench4.run(values_files=files, values={"message": "third"}, sensitive_values={"message": "fourth"})
    assert bench4.get("configmaps")["data"]["message"] == "fourth"
    bench4.unchanged_without_helm(values_files=files, values={"message": "third"}, sensitive_values={"message": "fourth"})


def test_a_release_of_another_tool_is_taken_over_without_a_new_revision(bench: Workbench) -> None:
    bench.by_hand("install", str(bench.chart), "--set=replicas=2")
    assert not bench.run(values={"replicas": 2})["changed"]
    assert bench.unchanged_without_helm(values={"replicas": 2})["release"]["revision"] == 1


def test_what_somebody_upgrades_by_hand_is_a_change_and_is_brought_back(bench: Workbench) -> None:
    wanted = {"values": {"replicas": 2}, "sensitive_values": {"password": "first"}}
    bench.run(**wanted)
    bench.by_hand("upgrade", str(bench.chart), "--reuse-values", "--set=replicas=5")
    assert bench.get("deployments")["spec"]["replicas"] == 5
    # Helm itself hands labels on to the next revision.
    labels = [bench.record(number)["metadata"]["labels"]["campus.moodle/input"] for number in (1, 2)]
    assert labels[0] == labels[1]
    beats = bench.beats(**wanted)
    assert (beats.do["actions"], beats.do["release"]["revision"]) == (["upgrade"], 3)
    assert titles(beats.do) == ["Release web", "Deployment web"]
    assert bench.get("deployments")["spec"]["replicas"] == 2
    bench.unchanged_without_helm(**wanted)


def test_what_somebody_rolls_back_by_hand_is_judged_by_what_it_is(bench: Workbench) -> None:
    for replicas in (2, 3):
        bench.run(values={"replicas": replicas})
    bench.by_hand("rollback", "1")
    again = bench.run(values={"replicas": 2})
    assert (again["changed"], again["release"]["revision"], bool(again["commands"])) == (False, 3, True)
    bench.unchanged_without_helm(values={"replicas": 2})
    assert bench.beats(values={"replicas": 3}).do["release"]["revision"] == 4


def test_sensitive_values_are_recognised_in_the_record_whatever_they_are(bench: Workbench) -> None:
    odd = {"password": "ü\n0644", "more": {"off": False, "none": None, "float": 1.5, "list": [1, True, {"a": ""}], "text": "1.0"}}
    bench.run(sensitive_values=odd)
    bench.unchanged_without_helm(sensitive_values=odd)
    for key, other in (("off", True), ("none", ""), ("float", 2.5), ("list", [1, True]), ("text", 1.0)):
        assert bench.run(sensitive_values={**odd, "more": {**odd["more"], key: other}}, check=True)["changed"]


def test_uninstalling_shows_what_goes_and_can_keep_the_record(bench: Workbench) -> None:
    assert bench.beats(state="absent").do["release"] is None
    bench.run()
    kept = bench.beats(state="absent", keep_history=True)
    assert sorted(titles(kept.do)) == sorted(ALL)
    assert kept.do["release"]["status"] == "uninstalled"
    assert bench.get("deployments") is None
    assert bench.run()["actions"] == ["install"]
    gone = bench.beats(state="absent")
    assert gone.do["actions"] == ["uninstall"]
    assert bench.record(1) is None
    assert bench.unchanged_without_helm(state="absent")["release"] is None


def test_going_back_to_a_revision_makes_a_new_one_that_is_equal(bench: Workbench) -> None:
    bench.run()
    bench.run(values={"replicas": 3})
    beats = bench.beats(state="rolled_back", revision="1")
    assert (beats.do["actions"], beats.do["release"]["revision"]) == (["rollback"], 3)
    assert titles(beats.do) == ["Release web", "Deployment web"]
    assert bench.get("deployments")["spec"]["replicas"] == 1
    # The record of what it was made from came back with it.
    bench.unchanged_without_helm()
    assert bench.fail(state="rolled_back", revision="9")["error"] == "not_found"


def test_last_deployed_is_the_way_back_after_a_failed_upgrade(bench: Workbench) -> None:
    bench.run()
    with controller(bench, "jobs", lambda _job: job_status(succeeded=False)):
        assert bench.fail(values={"replicas": 3, "hooks": {"pre-upgrade": True}})["error"] == "hook_failed"
    assert bench.release(2)["info"]["status"] == "failed"
    beats = bench.beats(state="rolled_back", revision="last_deployed")
    assert (beats.do["release"]["revision"], beats.do["release"]["status"]) == (3, "deployed")


def test_drift_is_reported_or_put_back(bench: Workbench) -> None:
    bench.run()
    bench.patch("deployments", {"spec": {"replicas": 7}})
    checked = bench.run(drift="check", binary=NO_HELM)
    assert (checked["changed"], [row["kind"] for row in checked["drift"]]) == (False, ["Deployment"])
    assert "Deployment web" in str(checked["warnings"])
    assert "replicas: 7" in checked["diff"][0]["before"] and "replicas: 1" in checked["diff"][0]["after"]
    ignored = {"drift": "correct", "ignore_differences": [{"kind": "Deployment", "path": "/spec/replicas"}]}
    assert not bench.run(binary=NO_HELM, **ignored)["changed"]
    assert bench.get("deployments")["spec"]["replicas"] == 7
    beats = bench.beats(drift="correct", binary=NO_HELM)
    assert beats.do["actions"] == ["correct"]
    assert bench.get("deployments")["spec"]["replicas"] == 1


def test_a_part_that_is_ignored_keeps_its_value_when_the_rest_is_put_back(bench4: Workbench) -> None:
    bench4.run()
    bench4.patch("deployments", {"spec": {"replicas": 7}, "metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}})
    ignored = {"drift": "correct", "ignore_differences": [{"kind": "Deployment", "name": "web", "path": "/spec/replicas"}]}
    beats = bench4.beats(binary=NO_HELM, **ignored)
    assert beats.do["actions"] == ["correct"]
    deployment = bench4.get("deployments")
    assert deployment["spec"]["replicas"] == 7
    assert deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_an_object_that_somebody_deleted_comes_back(bench4: Workbench) -> None:
    bench4.run()
    bench4.server.request("DELETE", bench4.path("configmaps"))
    bench4.server.request("DELETE", bench4.path("secrets"))
    beats = bench4.beats(drift="correct", binary=NO_HELM)
    assert {row["kind"]: row["reason"] for row in beats.do["drift"]} == dict.fromkeys(("ConfigMap", "Secret"), "it does not exist")
    assert bench4.get("configmaps")["data"] == {"message": "hello"}


def test_drift_is_put_back_before_an_upgrade_which_it_would_stop(bench: Workbench) -> None:
    bench.run()
    conflict = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"message": "mine"}}
    path = bench.path("configmaps") + "?fieldManager=rival&force=true"
    bench.server.request("PATCH", path, conflict, "application/apply-patch+yaml")
    beats = bench.beats(values={"message": "new"}, drift="correct")
    assert beats.do["actions"] == ["correct", "upgrade"]
    assert bench.get("configmaps")["data"]["message"] == "new"


def test_waiting_for_resources_reports_each_and_does_not_take_unchanged_for_ready(bench4: Workbench) -> None:
    late = bench4.fail(wait="resources", timeout=2)
    assert late["error"] == "timeout"
    assert "1 of 3 objects" in late["msg"] and "Deployment web" in late["msg"]
    assert [row["ready"] for row in late["resources"] if row["kind"] == "Deployment"] == [False]
    assert any("Deployment web" in line for line in late["diagnosis"])
    assert bench4.fail(wait="resources", timeout=2, binary=NO_HELM)["error"] == "timeout"
    with controller(bench4, "deployments", deployment_status):
        ready = bench4.run(wait="resources", timeout=60, binary=NO_HELM)
        assert (ready["changed"], [row["ready"] for row in ready["resources"]]) == (False, [True] * 3)
        assert bench4.run(wait="resources", timeout=60, values={"replicas": 2})["changed"]


def test_tests_of_the_chart_run_until_they_have_succeeded(bench: Workbench) -> None:
    values = {"values": {"tests": True}, "run_tests": True, "timeout": 60}
    with controller(bench, "pods", lambda _pod: pod_status(succeeded=False)):
        failed = bench.fail(**values)
    assert (failed["error"], failed["tests"][0]["phase"]) == ("test_failed", "Failed")
    with controller(bench, "pods", lambda _pod: pod_status(succeeded=True)):
        passed = bench.run(**values)
    assert (passed["changed"], passed["actions"], passed["tests"][0]["phase"]) == (False, ["test"], "Succeeded")
    assert bench.unchanged_without_helm(**values)["tests"][0]["name"] == "web-test"


def packaged(bench: Workbench, folder: pathlib.Path) -> pathlib.Path:
    """Make an archive of the chart."""
    subprocess.run([bench.binary, "package", str(bench.chart), f"--destination={folder}"], check=True, capture_output=True)
    return next(folder.glob("site-*.tgz"))


def test_a_chart_of_a_repository_is_downloaded_once_for_an_exact_version(bench: Workbench, chart_repository: Place) -> None:
    folder = chart_repository.folder / bench.namespace
    folder.mkdir()
    archive = packaged(bench, folder)
    url = f"{chart_repository.url}/{bench.namespace}"
    subprocess.run([bench.binary, "repo", "index", str(folder), f"--url={url}"], check=True, capture_output=True)
    exact = {"ref": "site", "repo_url": url, "version": "1.0.0"}
    assert bench.run(chart=exact)["changed"]
    bench.unchanged_without_helm(chart=exact)
    # Without a version only helm can tell what the newest is: one download, no rendering.
    newest = {"ref": "site", "repo_url": url}
    bench.run(chart=newest)
    again = bench.run(chart=newest)
    assert not again["changed"]
    assert [command[1] for command in again["commands"]] == ["version", "pull"]
    digest = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    bench.run(chart={**exact, "digest": digest})
    wrong = bench.fail(chart={**exact, "digest": f"sha256:{'0' * 64}"})
    assert (wrong["error"], wrong["found_digest"]) == ("digest_mismatch", digest)
    missing = bench.fail(chart={**exact, "version": "9.9.9"})
    assert missing["error"] == "chart_not_found"
    assert bench.fail(chart={**exact, "repo_url": "http://127.0.0.1:1"})["error"] == "chart_not_found"


def test_a_chart_archive_is_known_by_its_content(bench4: Workbench) -> None:
    archive = packaged(bench4, bench4.folder)
    digest = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    assert bench4.run(chart={"ref": str(archive), "digest": digest})["changed"]
    bench4.unchanged_without_helm(chart={"ref": str(archive), "digest": digest})
    assert bench4.fail(chart={"ref": str(archive), "digest": f"sha256:{'0' * 64}"})["error"] == "digest_mismatch"


def test_a_chart_of_a_registry_is_pinned_by_its_digest(bench: Workbench, oci_registry: Place) -> None:
    place = f"{oci_registry.url}/{bench.namespace}"
    command = [bench.binary, "push", str(packaged(bench, bench.folder)), place, "--plain-http"]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    digest = next(line.split()[1] for line in (said.stdout + said.stderr).splitlines() if line.startswith("Digest:"))
    pinned = {"ref": f"{place}/site", "digest": digest, "plain_http": True}
    assert bench.run(chart=pinned)["changed"]
    bench.unchanged_without_helm(chart=pinned)
    assert not bench.run(chart={"ref": f"{place}/site", "version": "1.0.0", "plain_http": True})["changed"]


def test_every_example_works(
    bench4: Workbench, run_play: PlayRunner, examples_of: t.Callable[[str], list[dict[str, t.Any]]], chart_repository: Place
) -> None:
    folder = chart_repository.folder / "examples"
    folder.mkdir()
    packaged(bench4, folder)
    subprocess.run([bench4.binary, "repo", "index", str(folder)], check=True, capture_output=True)
    variables = {
        "chart_directory": str(bench4.chart),
        "chart_repository": f"{chart_repository.url}/{folder.name}",
        "site_password": "in the vault",
    }
    defaults = {"kubeconfig": bench4.server.kubeconfig, "binary": bench4.binary}
    tasks = examples_of("helm_release")
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": {"campus.moodle.helm_release": defaults}, "tasks": tasks}
    done = run_play([play], variables=variables)
    assert done.rc == 0, done.output
    assert [result["actions"] for result in done.results] == [["install"], ["install"], ["install"], [], [], ["uninstall"]]
    assert "in the vault" not in done.output
