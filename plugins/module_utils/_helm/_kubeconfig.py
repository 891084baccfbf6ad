# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A kubeconfig for the helm program, made from the connection that the module itself uses.

So both talk to the same server as the same user, whatever options, environment or credential plugin that came from.
"""

from __future__ import annotations

import base64
import typing as t

from .._kube.access import Access, Pem

_NAME = "campus.moodle"


def kubeconfig_of(access: Access) -> dict[str, t.Any]:
    """Return the kubeconfig. It holds credentials, and JSON of it is YAML that helm reads."""
    cluster: dict[str, t.Any] = {
        "server": access.server,
        "tls-server-name": access.server_name,
        "proxy-url": access.proxy,
        **({"insecure-skip-tls-verify": True} if not access.verify else _pem("certificate-authority", access.ca)),
    }
    user: dict[str, t.Any] = {
        **_authorization(access.authorization),
        **_pem("client-certificate", access.certificate),
        **_pem("client-key", access.key),
        "as": access.headers.get("Impersonate-User", ""),
        "as-uid": access.headers.get("Impersonate-Uid", ""),
        "as-groups": list(access.groups),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": _given(cluster)}],
        "users": [{"name": _NAME, "user": _given(user)}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": access.namespace}}],
        "current-context": _NAME,
    }


def _given(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in entry.items() if value}


def _pem(name: str, pem: Pem) -> dict[str, str]:
    if pem.text:
        return {f"{name}-data": base64.b64encode(pem.text.encode()).decode()}
    return {name: pem.path}


def _authorization(header: str) -> dict[str, str]:
    kind, _space, value = header.partition(" ")
    if kind == "Basic":
        username, _colon, password = base64.b64decode(value).decode().partition(":")
        return {"username": username, "password": password}
    return {"token": value}
