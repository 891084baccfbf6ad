# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Which server is asked, and as whom: options, environment, kubeconfig files and their merging."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.access import Access
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, access_from

HOST = {"host": "https://k.example.edu:6443"}


@pytest.fixture
def kubeconfig(tmp_path: pathlib.Path) -> t.Callable[..., str]:
    """kubeconfig(file, name, **content) writes a file with one context, cluster and user of that name and returns its path."""

    def write(file: str, name: str, *, user: dict[str, t.Any] | None = None, cluster: dict[str, t.Any] | None = None, **more: t.Any) -> str:
        content = {
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
            "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example.edu", **(cluster or {})}}],
            "users": [{"name": name, "user": {"token": f"token-{name}"} if user is None else user}],
            **more,
        }
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
        return str(path)

    return write


def token_of(access: Access) -> str:
    """Return the token."""
    return access.authorization.removeprefix("Bearer ")


def test_the_option_beats_the_environment_and_the_context_chooses(kubeconfig: t.Any) -> None:
    one, two = kubeconfig("one", "one"), kubeconfig("two", "two")
    assert access_from({}, {"KUBECONFIG": one}).server == "https://one.example.edu"
    assert access_from({"kubeconfig": two}, {"KUBECONFIG": one}).server == "https://two.example.edu"
    access = access_from({"context": "two"}, {"KUBECONFIG": f"{one}:/no/such/file:{two}"})
    assert (access.server, access.namespace, token_of(access)) == ("https://two.example.edu", "ns-two", "token-two")


def test_the_first_of_several_files_wins(kubeconfig: t.Any) -> None:
    first = kubeconfig("one", "one", **{"current-context": ""})
    second = kubeconfig("two", "one", user={"token": "other"}, **{"current-context": "one"})
    assert token_of(access_from({"kubeconfig": f"{first}:{second}"}, {})) == "token-one"


def test_paths_in_a_kubeconfig_start_where_the_file_is(kubeconfig: t.Any, tmp_path: pathlib.Path) -> None:
    user = {"client-certificate": "me.crt", "client-key": "/elsewhere/me.key"}
    access = access_from({"kubeconfig": kubeconfig("sub/one", "one", user=user, cluster={"certificate-authority": "../ca.crt"})}, {})
    assert access.certificate.path == str(tmp_path / "sub" / "me.crt")
    assert access.key.path == "/elsewhere/me.key"
    assert access.ca.path == str(tmp_path / "sub" / ".." / "ca.crt")


def test_an_address_alone_reads_no_kubeconfig(kubeconfig: t.Any) -> None:
    access = access_from({**HOST, "api_key": "t"}, {"KUBECONFIG": kubeconfig("one", "one")})
    assert (access.server, access.namespace, token_of(access)) == ("https://k.example.edu:6443", "default", "t")


def test_an_address_with_a_kubeconfig_keeps_the_rest_of_it(kubeconfig: t.Any) -> None:
    access = access_from({**HOST, "kubeconfig": kubeconfig("one", "one")}, {})
    assert (access.server, token_of(access)) == ("https://k.example.edu:6443", "token-one")


def test_credentials_replace_each_other_as_a_whole(kubeconfig: t.Any) -> None:
    user = {"client-certificate": "/me.crt", "client-key": "/me.key", "token": "old"}
    path = kubeconfig("one", "one", user=user)
    access = access_from({"kubeconfig": path, "api_key": "new"}, {})
    assert (token_of(access), bool(access.certificate)) == ("new", False)
    access = access_from({"kubeconfig": path, "client_cert": "/other.crt", "client_key": "/other.key"}, {})
    assert (access.authorization, access.certificate.path) == ("", "/other.crt")
    assert access_from({"kubeconfig": path, "username": "u", "password": "p"}, {}).authorization == "Basic dTpw"


def test_verification_is_on_unless_somebody_turns_it_off(kubeconfig: t.Any) -> None:
    off = kubeconfig("one", "one", cluster={"insecure-skip-tls-verify": True})
    assert access_from(HOST, {}).verify
    assert not access_from({"kubeconfig": off}, {}).verify
    assert access_from({"kubeconfig": off, "validate_certs": True}, {}).verify


def test_impersonation_comes_from_options_and_from_the_kubeconfig(kubeconfig: t.Any) -> None:
    path = kubeconfig("one", "one", user={"token": "t", "as": "jane", "as-groups": ["a"], "as-uid": "7"})
    access = access_from({"kubeconfig": path}, {})
    assert (dict(access.headers), access.groups) == ({"Impersonate-User": "jane", "Impersonate-Uid": "7"}, ("a",))
    access = access_from({**HOST, "impersonate_user": "joe", "impersonate_groups": ["b", "c"]}, {})
    assert (dict(access.headers), access.groups) == ({"Impersonate-User": "joe"}, ("b", "c"))


@pytest.mark.parametrize(
    ("options", "environ", "proxy"),
    [
        ({}, {}, ""),
        ({}, {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ({}, {"https_proxy": "p:3128"}, "http://p:3128"),
        ({}, {"HTTP_PROXY": "http://p:3128"}, ""),
        ({"proxy": "http://q:1"}, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "*"}, "http://q:1"),
        ({}, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "other.org, .example.edu"}, ""),
        ({}, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "ample.edu"}, "http://p:3128"),
        ({}, {"HTTPS_PROXY": "http://p:3128", "no_proxy": "*"}, ""),
        ({"host": "https://10.1.2.3"}, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}, ""),
        ({"host": "https://10.1.2.3"}, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "192.168.0.0/16"}, "http://p:3128"),
        ({"host": "https://127.0.0.1:6443"}, {"HTTPS_PROXY": "http://p:3128"}, ""),
    ],
)
def test_the_proxy_is_that_of_the_option_or_of_the_environment(options: dict[str, str], environ: dict[str, str], proxy: str) -> None:
    assert access_from({**HOST, **options}, environ).proxy == proxy


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('"text"', "is not a kubeconfig"),
        ('{"users": ["text"]}', "is not a kubeconfig"),
        ('{"contexts": {"a": "b"}}', "is not a kubeconfig"),
        ("{}", "sets no current context"),
        ('{"current-context": "a"}', "has no context a; it has: none"),
        ('{"current-context": "a", "contexts": [{"name": "a", "context": {}}]}', "must start with https://"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: pathlib.Path, content: str, words: str) -> None:
    (tmp_path / "config").write_text(content)
    with pytest.raises(KubeError, match=words):
        access_from({"kubeconfig": str(tmp_path / "config")}, {})


def test_a_token_with_a_line_break_is_refused_and_not_shown() -> None:
    with pytest.raises(KubeError, match="line break") as caught:
        access_from({**HOST, "api_key": "canary\nX-Evil: 1"}, {})
    assert "canary" not in str(caught.value)


def test_every_option_has_the_variable_of_its_name() -> None:
    names = {"ca_cert": "SSL_CA_CERT", "client_cert": "CERT_FILE", "client_key": "KEY_FILE", "validate_certs": "VERIFY_SSL"}
    for name, spec in KUBE_ARGUMENTS.items():
        if name != "api_timeout":
            assert spec["fallback"][1] == [f"K8S_AUTH_{names.get(name, name.upper())}"]
