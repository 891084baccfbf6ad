# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The moodle_* modules with runners that reach no site. What they do on a site is tested with the site image, in tests/image.

A runner is the words of a command here, or a container in a cluster. The cluster is a real API server; since it has no nodes, a
server in front of it runs what is requested of a container on this machine.
"""

from __future__ import annotations

import pathlib
import subprocess
import time
import typing as t

import pytest
from support.kubernetes import ApiServer
from support.modules import ModuleRunner
from support.pods import Pods, pods_in_front_of

IN_THE_IMAGE = "/opt/campus-moodle/bin/moodle"
PROGRAM = str(pathlib.Path(__file__).parents[2] / "roles/image/files/rootfs/opt/campus-moodle/bin/moodle")
CANARY = "Canary-1-password"
USERS = [{"username": "canary", "password": CANARY}]
# Module, its smallest arguments
MODULES: list[tuple[str, dict[str, t.Any]]] = [
    ("moodle_check_info", {}),
    ("moodle_config", {"settings": {}}),
    ("moodle_course", {}),
    ("moodle_maintenance", {"state": "enabled"}),
    ("moodle_plugin_info", {}),
    ("moodle_task_info", {}),
    ("moodle_upgrade", {}),
    ("moodle_user", {"users": USERS}),
]


OUTSIDE = "MOODLE_URL is not set; it is required."


def run_here(_pod: str, command: list[str], text: str) -> tuple[int, str, str]:
    """Run the program as a container of the site image would, but without a site."""
    words = ["php", PROGRAM, *command[1:]] if command[0] == IN_THE_IMAGE else command
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def pods(api_server: ApiServer) -> t.Iterator[Pods]:
    """Pods that run commands on this machine."""
    with pods_in_front_of(api_server) as pods:
        pods.run = run_here
        yield pods


def make_pod(server: ApiServer, namespace: str, name: str, *, labels: dict[str, str], phase: str = "Running") -> None:
    """Create a pod, with the status that a kubelet would give it. Without a node, nothing of it runs."""
    address = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"containers": [{"name": "php", "image": "example.edu/site:1"}]}
    server.request("POST", address, {"metadata": {"name": name, "labels": labels}, "spec": spec})
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]}
    server.request("PATCH", f"{address}/{name}/status", {"status": status}, "application/merge-patch+json")


@pytest.mark.parametrize(("name", "args"), MODULES, ids=[name for name, _args in MODULES])
@pytest.mark.parametrize("way", ["words", "pod"])
def test_the_program_outside_a_site_says_what_it_needs(
    run_module: ModuleRunner, pods: Pods, way: str, name: str, args: dict[str, t.Any]
) -> None:
    runner = {"words": ["php", PROGRAM], "pod": {"pod": "php", "kubeconfig": pods.kubeconfig}}[way]
    done = run_module(name, {"runner": runner, **args})
    assert (done["failed"], done["changed"], done["error"], done["exit_status"]) == (True, False, "environment", 2)
    assert OUTSIDE in done["sentences"]
    assert done["msg"].startswith("Could not ")
    assert [(pod, command[0]) for pod, command, _text in pods.asked] == ([("php", IN_THE_IMAGE)] if way == "pod" else [])


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        pytest.param({"runner": ["false"]}, "runner", "false users ended with exit status 1 and without", id="failing"),
        pytest.param({"runner": ["/no/such"]}, "runner", "No such file or directory", id="not there"),
        pytest.param({"runner": ["/no/such"], "timeout": 0}, "runner", "cannot be started: No such file", id="not there, no limit"),
        pytest.param({"runner": ["echo"]}, "runner", "exit status 0 and without an answer", id="another program"),
        pytest.param({"runner": ["echo", '{"changed": false}', "#"]}, "runner", "without an answer", id="not the last line"),
        pytest.param({"runner": []}, "runner", "The option runner is empty", id="empty"),
        pytest.param({"runner": ["sh", "-c", "cat >&2; echo '{\"changed\": false}'"]}, "old_image", "Roll out an image", id="old image"),
        pytest.param({"runner": ["sh", "-c", "exec sleep 60"], "timeout": 1}, "timed_out", "ran longer than 1 seconds", id="too slow"),
        pytest.param({"runner": ["sh", "-c", "exit 137"]}, "killed", "was killed after 0 seconds (exit status 137)", id="out of memory"),
        pytest.param(
            {"runner": ["sh", "-c", "exit 137"], "timeout": 0}, "killed", "was killed after 0 seconds", id="out of memory, no limit"
        ),
    ],
)
def test_a_runner_that_does_not_work_is_explained(
    run_module: ModuleRunner, options: dict[str, t.Any], error: str | None, part: str
) -> None:
    done = run_module("moodle_user", {"users": USERS, **options})
    assert (done["failed"], done.get("error")) == (True, error), done
    assert part in done["msg"]
    assert CANARY not in str({**done, "invocation": None})


def test_a_password_is_not_part_of_the_command(run_module: ModuleRunner) -> None:
    # The runner prints what it was started with and what it reads, as its log.
    runner = ["sh", "-c", 'echo "words: $0 $*" >&2; grep -q Canary-1 && echo "read it" >&2; exit 4']
    done = run_module("moodle_user", {"users": USERS, "runner": runner})
    assert done["sentences"] == ["words: users ", "read it"]


def test_deletion_without_confirmation_starts_nothing(run_module: ModuleRunner, tmp_path: pathlib.Path) -> None:
    runner = ["touch", str(tmp_path / "started")]
    done = run_module("moodle_user", {"users": [{"username": "canary", "state": "absent"}], "runner": runner})
    assert (done["error"], list(tmp_path.iterdir())) == ("not_confirmed", [])


def test_in_a_pod_a_password_is_standard_input_and_no_part_of_the_command(run_module: ModuleRunner, pods: Pods) -> None:
    pods.run = lambda _pod, _command, text: (4, "", "read it" if CANARY in text else "read something else")
    done = run_module("moodle_user", {"users": USERS, "runner": {"pod": "php", "kubeconfig": pods.kubeconfig}})
    assert (done["error"], done["sentences"]) == ("refused", ["read it"])
    assert [command for _pod, command, _text in pods.asked] == [[IN_THE_IMAGE, "users"]]
    assert CANARY not in str({**done, "invocation": None})


def test_a_deployment_is_reached_through_a_pod_of_its_own_that_runs(
    run_module: ModuleRunner, api_server: ApiServer, pods: Pods, namespace: str
) -> None:
    labels = {"app": "php"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "php", "image": "example.edu/site:1"}]}}
    deployment = {"metadata": {"name": "php"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    api_server.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment)
    runner = {"deployment": "php", "namespace": namespace, "kubeconfig": pods.kubeconfig}

    make_pod(api_server, namespace, "web-1", labels={"app": "web"})
    make_pod(api_server, namespace, "php-1", labels=labels, phase="Pending")
    none = run_module("moodle_plugin_info", {"runner": runner})
    assert (none["error"], none["cluster_error"]) == ("runner", "not_ready")
    assert "No pod of Deployment php runs" in none["msg"] and "Pod php-1: its phase is Pending" in none["msg"]

    make_pod(api_server, namespace, "php-2", labels=labels)
    assert OUTSIDE in run_module("moodle_plugin_info", {"runner": runner})["sentences"]
    by_labels = {"label_selector": "app=php", "namespace": namespace}
    assert OUTSIDE in run_module("moodle_plugin_info", {"runner": by_labels}, environ={"K8S_AUTH_KUBECONFIG": pods.kubeconfig})["sentences"]
    assert {pod for pod, _command, _text in pods.asked} == {"php-2"}


@pytest.mark.parametrize(
    ("answer", "options", "error", "part"),
    [
        pytest.param((1, "", "no"), {}, "runner", f"the command {IN_THE_IMAGE} users ended with exit status 1 and without", id="failing"),
        pytest.param((0, "hello", ""), {}, "runner", "exit status 0 and without an answer", id="another program"),
        pytest.param((0, '{"changed": false}', ""), {}, "old_image", "Roll out an image", id="old image"),
        pytest.param((137, "", ""), {"timeout": 0}, "killed", "in Pod php in namespace default was killed", id="out of memory"),
        pytest.param(None, {"timeout": 1}, "timed_out", "in namespace default ran longer than 1 seconds", id="too slow"),
    ],
)
def test_a_pod_without_the_program_is_explained(
    run_module: ModuleRunner, pods: Pods, answer: tuple[int, str, str] | None, options: dict[str, t.Any], error: str, part: str
) -> None:
    def run(_pod: str, _command: list[str], _text: str) -> tuple[int, str, str]:
        time.sleep(0 if answer else 3)
        return answer or (0, "", "")

    pods.run = run
    done = run_module("moodle_user", {"users": USERS, "runner": {"pod": "php", "kubeconfig": pods.kubeconfig}, **options})
    assert (done["failed"], done["error"]) == (True, error), done
    assert part in done["msg"]
    assert CANARY not in str({**done, "invocation": None})


@pytest.mark.parametrize(
    ("runner", "cluster_error", "part"),
    [
        pytest.param({"pod": "none"}, "not_found", "run /opt/campus-moodle/bin/moodle in Pod none", id="no pod"),
        pytest.param({"deployment": "none"}, "not_found", "There is no Deployment none", id="no deployment"),
        pytest.param({"label_selector": "a=b"}, "not_ready", "No pod with the labels a=b runs", id="no pod with the labels"),
        pytest.param({"pod": "none", "context": "gone"}, "no_context", "has no context gone", id="no context"),
        pytest.param({"pod": "none", "host": "https://127.0.0.1:1"}, "unreachable", "Cannot reach the API server", id="no server"),
    ],
)
def test_a_cluster_that_does_not_lead_to_a_pod_is_explained(
    run_module: ModuleRunner, api_server: ApiServer, runner: dict[str, t.Any], cluster_error: str, part: str
) -> None:
    done = run_module("moodle_user", {"users": USERS, "runner": {"kubeconfig": api_server.kubeconfig, **runner}})
    assert (done["failed"], done["error"], done["cluster_error"]) == (True, "runner", cluster_error), done
    assert part in done["msg"]


def test_a_user_who_may_not_run_commands_in_pods_learns_what_is_missing(
    run_module: ModuleRunner, api_server: ApiServer, namespace: str
) -> None:
    make_pod(api_server, namespace, "php", labels={})
    runner = {"pod": "php", "namespace": namespace, "kubeconfig": api_server.kubeconfig_for("viewer")}
    done = run_module("moodle_plugin_info", {"runner": runner})
    assert (done["error"], done["cluster_error"], done["user"]) == ("runner", "forbidden", "viewer")
    assert f"user viewer may not get pods/exec in namespace {namespace}" in done["msg"]


def test_a_secret_in_a_runner_is_refused_and_not_shown(run_module: ModuleRunner, api_server: ApiServer) -> None:
    done = run_module("moodle_plugin_info", {"runner": {"pod": "php", "host": api_server.url, "api_key": CANARY}})
    assert (done["error"], "K8S_AUTH_API_KEY" in done["msg"]) == ("runner", True)
    assert CANARY not in str(done)
