# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""From options, the environment, kubeconfig files or a service account to a client of one API server.

Option and variable names are those of kubernetes.core, so that defaults and environments serve both collections.
"""

from __future__ import annotations

import ipaddress
import typing as t
import urllib.parse

from ansible.module_utils.common.parameters import env_fallback

from ._credentials import authorization, handed_out, impersonation, pem
from ._kubeconfig import find, wrong
from ._transport.http import Transport
from .access import Access, Pem
from .client import KubeClient

KUBE_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
    "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
    "host": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_HOST"])},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8S_AUTH_API_KEY"])},
    "username": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_USERNAME"])},
    "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8S_AUTH_PASSWORD"])},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"], "fallback": (env_fallback, ["K8S_AUTH_SSL_CA_CERT"])},
    "client_cert": {"type": "path", "aliases": ["cert_file"], "fallback": (env_fallback, ["K8S_AUTH_CERT_FILE"])},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False, "fallback": (env_fallback, ["K8S_AUTH_KEY_FILE"])},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"], "fallback": (env_fallback, ["K8S_AUTH_VERIFY_SSL"])},
    # The address may hold a password, and arguments are shown in logs and results.
    "proxy": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8S_AUTH_PROXY"])},
    "tls_server_name": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_TLS_SERVER_NAME"])},
    "impersonate_user": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_IMPERSONATE_USER"])},
    "impersonate_groups": {"type": "list", "elements": "str", "fallback": (env_fallback, ["K8S_AUTH_IMPERSONATE_GROUPS"])},
    "api_timeout": {"type": "int", "default": 60},
}
# The options that are credentials, and their names in a kubeconfig.
_USER = {
    "api_key": "token",
    "username": "username",
    "password": "password",
    "client_cert": "client-certificate",
    "client_key": "client-key",
}


def client_from(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], *, namespace: t.Optional[str] = None) -> KubeClient:
    """Return a client for the options of a module. Nothing is sent yet, but a credential plugin may run.

    namespace takes the place of that of the context. No request takes longer than api_timeout, with all its tries.
    """
    access = access_from(params, environ)
    return KubeClient(Transport(access, budget=float(params.get("api_timeout") or 60)), namespace=namespace or access.namespace)


def access_from(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Access:
    """Find out which server to use and as whom. Options beat the kubeconfig, and credentials replace each other as a whole."""
    cluster, user, namespace = find(params, environ)
    server = str(params.get("host") or cluster.get("server") or "")
    if urllib.parse.urlsplit(server).scheme not in ("https", "http"):
        raise wrong(f"The address of the API server must start with https:// and is {server!r}.")
    if any(params.get(name) for name in ("api_key", "username", "client_cert")):
        user = {word: params.get(name) for name, word in _USER.items()}
    if params.get("impersonate_user"):
        user = {**user, "as": params["impersonate_user"], "as-groups": params.get("impersonate_groups") or [], "as-user-extra": {}}
    if user.get("exec"):
        user = handed_out(user, cluster, environ)
    validate = params.get("validate_certs")
    return Access(
        server=server.rstrip("/"),
        namespace=namespace,
        ca=Pem(path=params["ca_cert"]) if params.get("ca_cert") else pem(cluster, "certificate-authority"),
        verify=str(cluster.get("insecure-skip-tls-verify")).lower() != "true" if validate is None else bool(validate),
        server_name=str(params.get("tls_server_name") or cluster.get("tls-server-name") or ""),
        certificate=pem(user, "client-certificate"),
        key=pem(user, "client-key"),
        proxy=_proxy(params.get("proxy") or cluster.get("proxy-url"), server, environ),
        headers=impersonation(user),
        groups=tuple(user.get("as-groups") or ()),
        **authorization(user),
    )


def _proxy(given: t.Optional[str], server: str, environ: t.Mapping[str, str]) -> str:
    """Return the proxy for the server: the given one, else that of the environment, which may leave the server out."""
    host = (urllib.parse.urlsplit(server).hostname or "").lower()
    variable = "https_proxy" if server.startswith("https") else "http_proxy"
    url = given or next((environ[name] for name in (variable, variable.upper()) if environ.get(name)), "")
    if not url or (not given and _left_out(host, environ.get("no_proxy") or environ.get("NO_PROXY") or "")):
        return ""
    url = url if "://" in url else f"http://{url}"
    if not url.startswith("http://"):
        scheme = url.partition("://")[0]
        raise wrong(f"The proxy for the API server speaks {scheme}, and only proxies of the form http://host:port are supported.")
    return url


def _left_out(host: str, listed: str) -> bool:
    """Whether NO_PROXY names a host: by its name, a domain, an address, a network, or everything."""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return True
    for word in (word.strip().lower() for word in listed.split(",")):
        if word == "*" or (word and (host == word or host.endswith("." + word.lstrip(".")))):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(word, strict=False):
                return True
        except ValueError:
            continue
    return False
