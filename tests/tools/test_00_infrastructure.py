# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the other tests of this tier stand on: servers answer, programs have their versions, modules and plays run for real."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import typing as t
import urllib.error
import urllib.request

import pytest
import yaml
from support import REPOSITORY, modules
from support.ports import free_port
from support.servers import running
from support.wait import wait_for

if t.TYPE_CHECKING:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient
    from conftest import Program
    from support.kubernetes import ApiServer
    from support.modules import FourBeats, ModuleRunner
    from support.plays import PlayRunner
    from support.storage import S3, Place

CANARY = "canary-8f1d2c"
CLUSTER = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}}
PASSWORD = {"RESTIC_PASSWORD": CANARY}


def call(*command: str | pathlib.Path, environ: t.Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, env=modules.environment(environ), capture_output=True, text=True, check=False)


def secrets_in(folder: pathlib.Path) -> dict[str, t.Any]:
    """Return options of compose_secrets, a module that needs nothing else: one secret, given and never shown."""
    secret = {"name": "password", "readers": ["me"], "value": CANARY}
    return {"directory": str(folder / "site"), "readers": {"me": os.getuid()}, "secrets": [secret]}


# --- the API server


def test_api_server_has_the_version_it_was_built_from(api_server: ApiServer) -> None:
    version = api_server.request("GET", "/version")
    assert (version["gitVersion"], version["major"], version["minor"]) == ("v1.34.1", "1", "34")


def test_api_server_serves_what_a_cluster_serves(api_server: ApiServer) -> None:
    served = {version["groupVersion"] for group in api_server.request("GET", "/apis")["groups"] for version in group["versions"]}
    assert {"apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1", "apiextensions.k8s.io/v1"} <= served
    assert not [version for version in served if "alpha" in version]
    assert api_server.request("GET", "/api/v1/namespaces/default")["status"] == {"phase": "Active"}


def test_a_namespace_takes_objects(api_server: ApiServer, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "value"}}
    assert api_server.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)["data"] == {"key": "value"}


@pytest.mark.parametrize(
    ("user", "resource", "status"),
    [("admin", "secrets", 200), ("viewer", "configmaps", 200), ("viewer", "secrets", 403), ("stranger", "configmaps", 401)],
)
def test_users_may_do_what_their_rights_say(api_server: ApiServer, user: str, resource: str, status: int) -> None:
    token = api_server.tokens.get(user, "unknown")
    asked = urllib.request.Request(f"{api_server.url}/api/v1/{resource}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=api_server.ca_file)) as answer:
            assert answer.status == status
    except urllib.error.HTTPError as error:
        assert error.code == status


def test_a_client_certificate_is_a_credential(api_server: ApiServer) -> None:
    context = ssl.create_default_context(cafile=api_server.ca_file)
    context.load_cert_chain(api_server.client_cert, api_server.client_key)
    with urllib.request.urlopen(f"{api_server.url}/api/v1/secrets", context=context) as answer:
        assert answer.status == 200


def test_kubeconfig_can_be_wrong_in_one_place(api_server: ApiServer) -> None:
    path = api_server.kubeconfig_for("viewer", cluster={"server": "https://127.0.0.1:1"}, **{"current-context": "gone"})
    assert pathlib.Path(path).stat().st_mode & 0o777 == 0o600
    written = yaml.safe_load(pathlib.Path(path).read_text(encoding="utf-8"))
    assert written["current-context"] == "gone"
    assert written["clusters"][0]["cluster"] == {"server": "https://127.0.0.1:1", "certificate-authority": api_server.ca_file}
    assert written["users"][0]["user"] == {"token": api_server.tokens["viewer"]}


def test_the_collections_client_reaches_the_server(kube: KubeClient, namespace: str) -> None:
    assert kube.server_version() == "v1.34.1"
    assert kube.get("v1", "Namespace", namespace) is not None


def test_cloudnativepg_is_validated_by_its_real_definitions(api_server: ApiServer, namespace: str, cnpg_crds: list[str]) -> None:
    assert {"clusters.postgresql.cnpg.io", "poolers.postgresql.cnpg.io", "databases.postgresql.cnpg.io"} <= set(cnpg_crds)
    address = f"/apis/postgresql.cnpg.io/v1/namespaces/{namespace}/clusters?fieldValidation=Strict&dryRun=All"
    good = {**CLUSTER, "spec": {"instances": 3, "storage": {"size": "1Gi"}}}
    assert api_server.request("POST", address, good)["spec"]["instances"] == 3
    with pytest.raises(urllib.error.HTTPError) as refused:
        api_server.request("POST", address, {**CLUSTER, "spec": {**good["spec"], "instnaces": 3}})
    assert 'unknown field \\"spec.instnaces\\"' in refused.value.read().decode()


# --- Helm


@pytest.mark.parametrize(("name", "version"), [("helm3", "v3.22.0"), ("helm4", "v4.3.1")])
def test_helm_has_the_version_it_was_built_from(request: pytest.FixtureRequest, name: str, version: str) -> None:
    assert call(request.getfixturevalue(name), "version", "--template", "{{.Version}}").stdout == version


def test_helm_installs_a_chart_from_each_kind_of_place(
    helm: str, api_server: ApiServer, namespace: str, tmp_path: pathlib.Path, chart_repository: Place, oci_registry: Place
) -> None:
    major = "4" if "helm4" in helm else "3"
    home = {name: str(tmp_path / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    environ = {**home, **api_server.environ, "HELM_NAMESPACE": namespace}
    chart = tmp_path / "page"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(f"{{apiVersion: v2, name: page, version: {major}.0.0}}\n", encoding="utf-8")
    (chart / "templates" / "page.yaml").write_text(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'}}\n", encoding="utf-8"
    )
    archive = chart_repository.folder / f"page-{major}.0.0.tgz"
    steps = [
        ["package", str(chart), "--destination", str(chart_repository.folder)],
        ["repo", "index", str(chart_repository.folder)],
        ["push", str(archive), f"{oci_registry.url}/charts", "--plain-http"],
        ["install", "from-folder", str(chart)],
        ["install", "from-repository", "page", "--repo", chart_repository.url, "--version", f"{major}.0.0"],
        ["install", "from-registry", f"{oci_registry.url}/charts/page", "--version", f"{major}.0.0", "--plain-http"],
    ]
    for step in steps:
        done = call(helm, *step, environ=environ)
        assert done.returncode == 0, f"{step}: {done.stderr}"
    made = api_server.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    assert {"from-folder", "from-repository", "from-registry"} <= {item["metadata"]["name"] for item in made}


# --- restic


def test_one_restic_is_debians_and_one_is_current(restics: list[Program]) -> None:
    # The file is named by the version of its package: restic-0.19.1-1.
    assert pathlib.Path(restics[1].path).name.rpartition("-")[0] == f"restic-{restics[1].version}"
    assert restics[0].version == call("dpkg-query", "-W", "-f", "${source:Upstream-Version}", "restic").stdout.partition("+")[0]


def test_restic_backs_up_to_a_folder_and_to_s3(restic: Program, s3: S3, tmp_path: pathlib.Path) -> None:
    (tmp_path / "data").write_text("content", encoding="utf-8")
    bucket = s3.bucket(f"restic-{restic.version.replace('.', '-')}")
    for place in (str(tmp_path / "repository"), f"s3:{bucket}"):
        for step in (["init"], ["backup", str(tmp_path / "data")], ["check"]):
            done = call(restic.path, "--repo", place, "--no-cache", *step, environ={**PASSWORD, **s3.environ})
            assert done.returncode == 0, done.stderr


def test_an_append_only_rest_server_deletes_nothing(
    restics: list[Program], rest_server: t.Callable[..., Place], tmp_path: pathlib.Path
) -> None:
    trusted = rest_server()
    backups = rest_server(append_only=True, data=trusted.folder)
    (tmp_path / "data").write_text("content", encoding="utf-8")
    for place, step in ((backups, ["init"]), (backups, ["backup", str(tmp_path / "data")]), (trusted, ["forget", "latest"])):
        # Debian's restic would ask an unwilling server again for most of a minute.
        done = call(restics[1].path, "--repo", f"rest:{place.url}all", "--no-cache", *step, environ=PASSWORD)
        assert done.returncode == 0, done.stderr
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(f"{backups.url}all/config", method="DELETE"))


def test_a_small_disk_gets_full(small_disk: t.Callable[[int], pathlib.Path]) -> None:
    first, second = small_disk(1), small_disk(3)
    (second / "file").write_bytes(bytes(2 << 20))
    with pytest.raises(OSError, match="No space left"):
        (first / "file").write_bytes(bytes(2 << 20))


# --- modules and plays


def test_a_module_gets_its_modes_and_keeps_its_secrets(run_module: ModuleRunner, tmp_path: pathlib.Path) -> None:
    result = run_module("compose_secrets", secrets_in(tmp_path), check=True)
    assert (result["failed"], result["changed"], result["created"]) == (False, True, ["password"])
    assert not (tmp_path / "site").exists()
    assert "invocation" in result
    assert CANARY not in str(result)


@pytest.mark.parametrize(
    ("name", "field", "sentence"),
    [("compose_secrets", "msg", "missing required arguments"), ("gone", "module_stderr", "No module named")],
)
def test_a_module_that_fails_or_crashes_has_a_result(run_module: ModuleRunner, name: str, field: str, sentence: str) -> None:
    result = run_module(name, {})
    assert result["failed"]
    assert sentence in result[field]


def test_a_module_inherits_no_setting_of_the_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTIC_PASSWORD", CANARY)
    monkeypatch.setenv("KUBECONFIG", CANARY)
    assert CANARY not in modules.environment({"HELM_DRIVER": "secret"}).values()


def test_four_beats_of_a_real_module(four_beats: t.Callable[..., FourBeats], tmp_path: pathlib.Path) -> None:
    beats = four_beats("compose_secrets", secrets_in(tmp_path))
    assert [result["changed"] for result in beats] == [True, True, False, False]


def beat(*, changed: bool = False, failed: bool = False, diff: str = "") -> dict[str, t.Any]:
    """Return a result."""
    return {"changed": changed, "failed": failed, "diff": diff, "msg": "reason"}


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([beat(), beat(failed=True), beat(), beat()], "do: reason"),
        ([beat(), beat(changed=True), beat(), beat()], "check mode predicted changed=False"),
        ([beat(diff="a"), beat(diff="b"), beat(), beat()], "another diff"),
        ([beat(changed=True), beat(changed=True), beat(changed=True, diff="d"), beat()], "still sees: d"),
        ([beat(changed=True), beat(changed=True), beat(), beat(changed=True, diff="d")], "changed again: d"),
    ],
)
def test_four_beats_say_what_is_wrong(results: list[dict[str, t.Any]], sentence: str) -> None:
    left = iter(results)
    with pytest.raises(AssertionError, match=re.escape(sentence)):
        modules.four_beats(lambda *_args, **_options: next(left), "any", {})


def test_a_play_reports_each_task(run_play: PlayRunner, tmp_path: pathlib.Path) -> None:
    tasks = [
        {"name": "Keep", "campus.moodle.compose_secrets": "{{ options }}"},
        {"name": "Skip", "ansible.builtin.debug": {"msg": "never"}, "when": False},
        {"name": "Fail", "ansible.builtin.fail": {"msg": "{{ reason }}"}},
    ]
    play = run_play(tasks, variables={"options": secrets_in(tmp_path), "reason": "because"})
    assert play.rc == 2
    assert [(task["task"], task["changed"], task["skipped"], task["failed"]) for task in play.results] == [
        ("Keep", True, False, False),
        ("Skip", False, True, False),
        ("Fail", False, False, True),
    ]
    assert play.results[2]["msg"] == "because"
    assert "TASK [Keep]" in play.output
    assert (tmp_path / "site" / "secrets").is_dir()


def test_a_play_can_be_checked_and_written_as_yaml(run_play: PlayRunner, tmp_path: pathlib.Path) -> None:
    play = run_play(
        "- campus.moodle.compose_secrets: '{{ options }}'", variables={"options": secrets_in(tmp_path)}, check=True, verbosity=0
    )
    assert (play.rc, play.results[0]["created"]) == (0, ["password"])
    assert not (tmp_path / "site").exists()


def test_examples_are_tasks(examples_of: t.Callable[[str], list[dict[str, t.Any]]]) -> None:
    assert ["campus.moodle.compose_secrets" in task for task in examples_of("compose_secrets")] == [True]


# --- servers


def test_a_server_that_does_not_start_shows_its_log(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AssertionError, match=r"(?s)status 3 instead of serving.*no disk"):
        with running(["sh", "-c", "echo no disk; exit 3"], tmp_path, f"http://127.0.0.1:{free_port()}/"):
            pass


def test_servers_end_even_when_the_tests_are_killed(tmp_path: pathlib.Path) -> None:
    port = free_port()
    program = f"""
import os, pathlib, signal
from support.servers import running
command = ["sh", "-c", "echo $$ >pid; exec {sys.executable} -m http.server --bind 127.0.0.1 {port}"]
with running(command, pathlib.Path({str(tmp_path)!r}), "http://127.0.0.1:{port}/"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY / "tests", check=False)
    assert done.returncode == -signal.SIGKILL
    server = int((tmp_path / "pid").read_text(encoding="utf-8"))
    wait_for(lambda: not pathlib.Path(f"/proc/{server}").exists(), what="end of the server")
