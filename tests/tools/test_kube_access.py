# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Ways to a real API server, and what a user reads who takes a wrong one."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shutil
import sys
import tempfile
import typing as t

import pytest

Options = dict[str, t.Any]


@pytest.fixture(scope="session")
def ask(kube: t.Any) -> t.Callable[..., t.Any]:
    """ask(options, environ) reads one object with the client for these options; returns it, or the error."""
    # Not at the top: the collection can be imported only when the fixtures have made it importable.
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
    from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from

    def ask(options: Options, environ: t.Mapping[str, str] | None = None, kind: tuple[str, str] = ("v1", "Namespace")) -> t.Any:
        try:
            return client_from(options, environ or {}).get(*kind, "default")
        except KubeError as problem:
            return problem

    return ask


def encoded(path: str) -> str:
    """Return the content of a file as kubeconfigs have it."""
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def user(api_server: t.Any, **entry: t.Any) -> Options:
    """Return the option for a kubeconfig whose user has these entries and no token."""
    return {"kubeconfig": api_server.kubeconfig_for("x", user_entry={"token": None, **entry})}


def cluster(api_server: t.Any, **entry: t.Any) -> Options:
    """Return the option for a kubeconfig of the admin whose cluster has these entries."""
    return {"kubeconfig": api_server.kubeconfig_for("admin", cluster=entry)}


@pytest.fixture
def plugin(tmp_path: pathlib.Path) -> t.Callable[..., Options]:
    """plugin(status, ...) returns the exec entry for a program that hands out one status after the other and counts its calls."""

    def write(*answers: Options, version: str = "v1") -> Options:
        for number, status in enumerate(answers):
            answer = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": status}
            (tmp_path / f"answer-{number}").write_text(json.dumps(answer))
        program = tmp_path / "give-credentials"
        program.write_text(
            '#!/bin/sh\ncd "$(dirname "$0")"\nn=$(cat calls 2>/dev/null || echo 0)\necho $((n + 1)) > calls\ncat "answer-$n"\n'
        )
        program.chmod(0o755)
        return {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(program)}

    return write


def good_ways(api_server: t.Any, token_file: pathlib.Path) -> dict[str, Options]:
    """Return options that lead to the server."""
    token_file.write_text(api_server.admin_token + "\n")
    token, address = {"api_key": api_server.admin_token}, {"host": api_server.url, "ca_cert": api_server.ca_file}
    pair = {"client-certificate-data": encoded(api_server.client_cert), "client-key-data": encoded(api_server.client_key)}
    ca = {"certificate-authority": None, "certificate-authority-data": encoded(api_server.ca_file)}
    return {
        "token": {"kubeconfig": api_server.kubeconfig},
        "token file": user(api_server, tokenFile=str(token_file)),
        "inline certificate": user(api_server, **pair),
        "certificate files": user(api_server, **{"client-certificate": api_server.client_cert, "client-key": api_server.client_key}),
        "inline authority": cluster(api_server, **ca),
        "no verification": cluster(api_server, **{"certificate-authority": None, "insecure-skip-tls-verify": True}),
        "option instead of a wrong token": {**user(api_server, token="wrong"), **token},
        "only options": {**address, **token},
        "certificate as options": {**address, "client_cert": api_server.client_cert, "client_key": api_server.client_key},
        "verification off": {"host": api_server.url, "validate_certs": False, **token},
        "name in the certificate": {
            **address,
            **token,
            "host": api_server.url.replace("127.0.0.1", "127.1"),
            "tls_server_name": "kubernetes",
        },
        "two files": {"kubeconfig": f"{api_server.kubeconfig_for('admin', contexts=[], users=[])}:{api_server.kubeconfig}"},
    }


def test_every_good_way_leads_in(ask: t.Any, api_server: t.Any, tmp_path: pathlib.Path) -> None:
    for name, options in good_ways(api_server, tmp_path / "token").items():
        assert isinstance(ask(options), dict), (name, str(ask(options)))


def test_the_environment_gives_what_options_leave_out(run_module: t.Any, ask: t.Any, api_server: t.Any) -> None:
    variables = {"K8S_AUTH_HOST": api_server.url, "K8S_AUTH_API_KEY": api_server.admin_token, "K8S_AUTH_SSL_CA_CERT": api_server.ca_file}
    for environ in ({"KUBECONFIG": api_server.kubeconfig}, {"K8S_AUTH_KUBECONFIG": api_server.kubeconfig}, variables):
        result = run_module("kube_wait", {"kind": "Namespace", "names": ["default"], "timeout": 5}, environ=environ)
        assert not result["failed"], (environ, result["msg"])


def test_the_default_place_of_a_kubeconfig_is_found(ask: t.Any, api_server: t.Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / ".kube").mkdir()
    shutil.copy(api_server.kubeconfig, tmp_path / ".kube" / "config")
    assert ask({}, {"HOME": str(tmp_path)})["kind"] == "Namespace"


def test_inside_a_pod_the_service_account_is_used(
    ask: t.Any, api_server: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.campus.moodle.plugins.module_utils._kube import _kubeconfig
    from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from

    shutil.copy(api_server.ca_file, tmp_path / "ca.crt")
    (tmp_path / "token").write_text(api_server.admin_token)
    (tmp_path / "namespace").write_text("physics\n")
    monkeypatch.setattr(_kubeconfig, "SERVICE_ACCOUNT", str(tmp_path))
    host, port = api_server.url.removeprefix("https://").split(":")
    environ = {"HOME": "/nowhere", "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    assert ask({}, environ)["kind"] == "Namespace"
    assert client_from({}, environ).namespace == "physics"


def test_a_key_given_inline_is_not_left_on_disk(
    ask: t.Any, api_server: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    modes, real = [], tempfile.NamedTemporaryFile

    def remembering(*args: t.Any, **options: t.Any) -> t.Any:
        file = real(*args, **options)
        modes.append(os.stat(file.name).st_mode & 0o777)
        return file

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", remembering)
    pair = {"client-certificate-data": encoded(api_server.client_cert), "client-key-data": encoded(api_server.client_key)}
    assert ask(user(api_server, **pair))["kind"] == "Namespace"
    assert modes == [0o600, 0o600]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_program_hands_out_a_token_and_a_new_one_when_it_is_refused(
    ask: t.Any, api_server: t.Any, plugin: t.Any, tmp_path: pathlib.Path, version: str
) -> None:
    entry = plugin({"token": "expired"}, {"token": api_server.admin_token}, version=version)
    assert ask(user(api_server, exec=entry), dict(os.environ))["kind"] == "Namespace"
    assert (tmp_path / "calls").read_text() == "2\n"


def test_a_program_hands_out_a_certificate(ask: t.Any, api_server: t.Any, plugin: t.Any) -> None:
    pair = {"clientCertificateData": api_server.client_cert, "clientKeyData": api_server.client_key}
    entry = plugin({name: pathlib.Path(path).read_text() for name, path in pair.items()})
    assert ask(user(api_server, exec=entry), dict(os.environ))["kind"] == "Namespace"


def test_a_user_acts_as_another_one(ask: t.Any, api_server: t.Any) -> None:
    options = {"kubeconfig": api_server.kubeconfig, "impersonate_user": "viewer", "impersonate_groups": ["viewers", "others"]}
    assert ask(options)["kind"] == "Namespace"
    refused = ask(options, kind=("v1", "Secret"))
    assert (refused.error, refused.details["user"]) == ("forbidden", "viewer")


def wrong_ways(api_server: t.Any) -> dict[str, tuple[Options, str, list[str]]]:
    """Return options that lead nowhere, with the key of the error and what the sentence must name."""
    config, url = {"kubeconfig": api_server.kubeconfig}, api_server.url
    missing = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login", "installHint": "Ask the data centre."}
    address = {"host": url, "ca_cert": api_server.ca_file}
    return {
        "expired token": (user(api_server, token="old"), "unauthorized", ["the token is expired or wrong", url]),
        # Kubernetes itself ignores a password and takes the request for one of nobody.
        "password": ({**address, "username": "u", "password": "secret"}, "forbidden", ["no credentials that the server knows"]),
        "no credentials": (address, "forbidden", ["system:anonymous", "no credentials"]),
        "missing context": ({**config, "context": "physics"}, "no_context", ["no context physics", "it has: tools"]),
        "no current context": (
            {"kubeconfig": api_server.kubeconfig_for("x", **{"current-context": ""})},
            "bad_kubeconfig",
            ["no current context"],
        ),
        "missing cluster": (
            {"kubeconfig": api_server.kubeconfig_for("x", clusters=[])},
            "bad_kubeconfig",
            ["the cluster tools", "not in it"],
        ),
        "missing kubeconfig": ({"kubeconfig": "/no/such/file"}, "bad_kubeconfig", ["no kubeconfig at /no/such/file"]),
        "no kubeconfig at all": ({}, "bad_kubeconfig", ["no kubeconfig at ", "host"]),
        "nothing listens": ({**config, "host": "https://127.0.0.1:1"}, "unreachable", ["https://127.0.0.1:1", "refused"]),
        "unknown host": ({**config, "host": "https://nowhere.invalid"}, "unreachable", ["https://nowhere.invalid"]),
        "no https": ({**config, "host": "physics:6443"}, "bad_kubeconfig", ["physics:6443"]),
        "http": ({**config, "host": url.replace("https", "http")}, "invalid", ["HTTP request to an HTTPS server"]),
        "unknown authority": ({"host": url, "api_key": "t"}, "untrusted", ["ca_cert", url]),
        "other name": ({**config, "tls_server_name": "other.example.edu"}, "untrusted", ["other.example.edu", "tls_server_name"]),
        "missing program": (user(api_server, exec=missing), "credential_plugin", ["no-such-login", "Ask the data centre."]),
        "program that fails": (user(api_server, exec={**missing, "command": "false"}), "credential_plugin", ["false", "exit status 1"]),
        "program that prints no credential": (
            user(api_server, exec={**missing, "command": "true"}),
            "credential_plugin",
            ["ExecCredential"],
        ),
        "program of old": (user(api_server, exec={**missing, "apiVersion": "v1alpha1"}), "credential_plugin", ["v1alpha1", "v1beta1"]),
        "missing certificate": ({**address, "client_cert": "/no/such.crt"}, "bad_credentials", ["/no/such.crt"]),
        "missing authority": (cluster(api_server, **{"certificate-authority": "/no/such.crt"}), "bad_credentials", ["/no/such.crt"]),
        "dead proxy": ({**config, "proxy": "http://u:secret@127.0.0.1:1"}, "unreachable", ["through the proxy http://127.0.0.1:1"]),
        "other proxy": ({**config, "proxy": "socks5://127.0.0.1:1"}, "bad_kubeconfig", ["socks5"]),
        "login of old": (user(api_server, **{"auth-provider": {"name": "gcp"}}), "bad_kubeconfig", ["auth-provider gcp"]),
        "no server": (cluster(api_server, server=None), "bad_kubeconfig", ["must start with https://"]),
        "bad inline data": (user(api_server, **{"client-certificate-data": "secret"}), "bad_kubeconfig", ["client-certificate-data"]),
        "missing token file": (user(api_server, tokenFile="/no/token"), "bad_kubeconfig", ["/no/token"]),
    }


def test_every_wrong_way_ends_in_a_sentence(ask: t.Any, api_server: t.Any, tmp_path: pathlib.Path) -> None:
    for name, (options, error, words) in wrong_ways(api_server).items():
        problem = ask({**options, "api_timeout": 10}, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
        assert getattr(problem, "error", None) == error, (name, problem)
        assert all(word in str(problem) for word in words), (name, str(problem))
        assert "secret" not in str(problem), (name, str(problem))


def test_a_kind_that_is_not_installed_is_named(ask: t.Any, api_server: t.Any) -> None:
    for kind in (
        ("nowhere.example.edu/v1", "Widget"),
        ("monitoring.coreos.com/v1", "PodMonitor"),
        ("v1", "Widget"),
        ("apps/v9", "Deployment"),
    ):
        problem = ask({"kubeconfig": api_server.kubeconfig}, kind=kind)
        assert problem.error == "unknown_kind" and kind[1] in str(problem), str(problem)


def test_the_module_fails_with_the_sentence_and_the_key(run_module: t.Any, api_server: t.Any, namespace: str) -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}
    args = {"kubeconfig": api_server.kubeconfig_for("viewer"), "namespace": namespace, "manifests": [obj]}
    for check in (True, False):
        result = run_module("kube_apply", args, check=check)
        found = {name: result.get(name) for name in ("failed", "error", "user", "verb", "resource", "namespace")}
        wanted = {"failed": True, "error": "forbidden", "user": "viewer", "verb": "patch", "resource": "configmaps", "namespace": namespace}
        assert found == wanted
        assert f"user viewer may not patch configmaps in namespace {namespace}" in result["msg"]
    expired = run_module("kube_apply", {**args, "kubeconfig": api_server.kubeconfig_for("nobody")})
    assert (expired["failed"], expired["changed"], expired["error"]) == (True, False, "unauthorized")


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("kube_apply", {"manifests": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}]}),
        ("kube_wait", {"kind": "Namespace", "names": ["default"], "timeout": 5}),
        ("cnpg_cluster_info", {"name": "moodle-db", "namespace": "default"}),
        ("helm_release_info", {"namespace": "default"}),
    ],
)
def test_the_password_of_a_proxy_is_shown_nowhere(run_module: t.Any, api_server: t.Any, module: str, args: Options) -> None:
    proxy = "http://jane:canary-4d1c@127.0.0.1:1"
    given = {"kubeconfig": api_server.kubeconfig, "api_timeout": 2, **args}
    for options, environ in (({"proxy": proxy}, {}), ({}, {"K8S_AUTH_PROXY": proxy})):
        result = run_module(module, {**given, **options}, environ=environ)
        assert (result["failed"], result["error"]) == (True, "unreachable")
        assert "through the proxy http://127.0.0.1:1: " in result["msg"]
        assert "invocation" in result
        assert "canary-4d1c" not in json.dumps(result)


def test_a_broken_kubeconfig_is_named_with_the_line_and_not_shown(ask: t.Any, tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "config"
    broken.write_text("apiVersion: v1\nusers:\n- name: x\n  user: {token: canary-token\n")
    said = str(ask({"kubeconfig": str(broken)}))
    assert "not valid YAML in line" in said
    assert "canary-token" not in said


def test_a_kubeconfig_in_json_needs_no_pyyaml(
    ask: t.Any, api_server: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        # A path in a kubeconfig starts where the file is.
        "clusters": [{"name": "c", "cluster": {"server": api_server.url, "certificate-authority": "ca.crt"}}],
        "users": [{"name": "u", "user": {"token": api_server.admin_token}}],
    }
    config = tmp_path / "config.json"
    config.write_text(json.dumps(content))
    shutil.copy(api_server.ca_file, tmp_path / "ca.crt")
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert ask({"kubeconfig": str(config)})["kind"] == "Namespace"
    assert "PyYAML is not installed" in str(ask({"kubeconfig": api_server.kubeconfig}))
