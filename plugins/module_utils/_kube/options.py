# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""From options, the environment, kubeconfig files or a service account to a client of one API server.

Option and variable names are those of kubernetes.core, so that defaults and environments serve both collections.
"""

from __future__ import annotations

import base64
import binascii
import os
import typing as t
import urllib.parse

from ansible.module_utils.common.parameters import env_fallback

from ._kubeconfig import merged, of_context, read, wrong
from ._transport.http import Transport
from .access import Access, Pem
from .client import KubeClient

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

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


def client_from(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> KubeClient:
    """Return a client for the options of a module. Nothing is sent yet, but a credential plugin may run."""
    access = access_from(params, environ)
    return KubeClient(Transport(access, budget=float(params.get("api_timeout") or 60)), namespace=access.namespace)


def access_from(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Access:
    """Find out which server to ask and as whom. Options beat the kubeconfig, and credentials replace each other as a whole."""
    cluster, user, namespace = _found(params, environ)
    server = str(params.get("host") or cluster.get("server") or "")
    if urllib.parse.urlsplit(server).scheme not in ("https", "http"):
        raise wrong(f"The address of the API server must start with https:// and is {server!r}.")
    if any(params.get(name) for name in ("api_key", "username", "client_cert")):
        user = {
            "token": params.get("api_key"),
            "username": params.get("username"),
            "password": params.get("password"),
            "client-certificate": params.get("client_cert"),
            "client-key": params.get("client_key"),
        }
    if params.get("impersonate_user"):
        user = {**user, "as": params["impersonate_user"], "as-groups": params.get("impersonate_groups") or [], "as-user-extra": {}}
    if user.get("exec"):
        from ._exec_plugin import credential_of

        user = credential_of(user, cluster, environ)
    validate = params.get("validate_certs")
    return Access(
        server=server.rstrip("/"),
        namespace=namespace,
        ca=Pem(path=params["ca_cert"]) if params.get("ca_cert") else _pem(cluster, "certificate-authority"),
        verify=not _true(cluster.get("insecure-skip-tls-verify")) if validate is None else bool(validate),
        server_name=str(params.get("tls_server_name") or cluster.get("tls-server-name") or ""),
        certificate=_pem(user, "client-certificate"),
        key=_pem(user, "client-key"),
        proxy=_proxy(params.get("proxy") or cluster.get("proxy-url"), server, environ),
        headers=_impersonation(user),
        groups=tuple(user.get("as-groups") or ()),
        **_authorization(user),
    )


def _found(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> tuple[dict[str, t.Any], dict[str, t.Any], str]:
    """Return cluster, user and namespace of the kubeconfig or of the service account; empty ones when host is enough."""
    asked = params.get("kubeconfig")
    if params.get("host") and not asked and not params.get("context"):
        return {}, {}, "default"
    home = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".kube", "config")
    places = [os.path.expanduser(path) for path in (asked or environ.get("KUBECONFIG") or home).split(os.pathsep) if path]
    files = [path for path in places if os.path.exists(path)]
    if files:
        return of_context(merged([read(path) for path in files]), params.get("context"), " and ".join(files))
    if not asked and not params.get("context") and environ.get("KUBERNETES_SERVICE_HOST"):
        return _service_account(environ)
    where = " or ".join(places)
    raise wrong(f"There is no kubeconfig at {where}. Give its path in kubeconfig, or the address of the API server in host.")


def _service_account(environ: t.Mapping[str, str]) -> tuple[dict[str, t.Any], dict[str, t.Any], str]:
    """Inside a pod, Kubernetes hands over an address, a certificate, a token that changes, and a namespace."""
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        with open(os.path.join(SERVICE_ACCOUNT, "namespace"), encoding="utf-8") as file:
            namespace = file.read().strip()
    except OSError:
        namespace = "default"
    return {"server": server, "certificate-authority": f"{SERVICE_ACCOUNT}/ca.crt"}, {"tokenFile": f"{SERVICE_ACCOUNT}/token"}, namespace


def _authorization(user: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the fields of Access that hold the header, and how to get a newer one."""
    if user.get("renew"):
        return {"authorization": _bearer(user.get("token")), "renew": lambda: _bearer(user["renew"]())}
    if user.get("tokenFile"):
        return {"authorization": _bearer(_text(user["tokenFile"])), "renew": lambda: _bearer(_text(user["tokenFile"]))}
    if user.get("token"):
        return {"authorization": _bearer(user["token"])}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if user.get("auth-provider"):
        name = user["auth-provider"].get("name")
        raise wrong(
            f"The user of this kubeconfig logs in with the auth-provider {name}, which is not supported any more. Use exec or a token."
        )
    return {}


def _bearer(token: t.Any) -> str:
    token = str(token or "").strip()
    if not token.isascii() or any(character.isspace() for character in token):
        raise wrong("The token for the API server has characters that a token cannot have, such as a line break.")
    return f"Bearer {token}" if token else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeError) as problem:
        raise wrong(f"Cannot read the token file {path}: {getattr(problem, 'strerror', None) or 'it is not text'}.") from problem


def _pem(entry: t.Mapping[str, t.Any], name: str) -> Pem:
    """Inline data beats a file, as with kubectl."""
    data = entry.get(f"{name}-data")
    if not data:
        return Pem(path=str(entry.get(name) or ""))
    try:
        return Pem(text=base64.b64decode(data, validate=True).decode("ascii"))
    except (binascii.Error, ValueError, TypeError):
        raise wrong(f"The value of {name}-data in the kubeconfig is not base64 of PEM text.") from None


def _impersonation(user: t.Mapping[str, t.Any]) -> dict[str, str]:
    headers = {"Impersonate-User": str(user["as"])} if user.get("as") else {}
    if user.get("as-uid"):
        headers["Impersonate-Uid"] = str(user["as-uid"])
    if user.get("as-user-extra"):
        raise wrong("The user of this kubeconfig acts as another one with as-user-extra, which is not supported. Remove it.")
    return headers


def _proxy(asked: t.Optional[str], server: str, environ: t.Mapping[str, str]) -> str:
    """Return the proxy for the server: as asked, else that of the environment, which may leave the server out."""
    host = (urllib.parse.urlsplit(server).hostname or "").lower()
    variable = "https_proxy" if server.startswith("https") else "http_proxy"
    url = asked or next((environ[name] for name in (variable, variable.upper()) if environ.get(name)), "")
    if not url or (not asked and _left_out(host, environ.get("no_proxy") or environ.get("NO_PROXY") or "")):
        return ""
    url = url if "://" in url else f"http://{url}"
    if not url.startswith("http://"):
        scheme = url.partition("://")[0]
        raise wrong(f"The proxy for the API server speaks {scheme}, and only proxies of the form http://host:port are supported.")
    return url


def _left_out(host: str, listed: str) -> bool:
    """Tell whether NO_PROXY names a host: a name, a domain, an address, a network, or everything."""
    import ipaddress

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


def _true(value: t.Any) -> bool:
    return str(value).lower() == "true"
