# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Connections to an API server: through a proxy, with TLS, and with what says who asks in each request."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import typing as t
import urllib.parse

from ..access import Access, tls_context
from ..errors import KubeError


class NotConnected(OSError):
    """Nothing was sent."""


class Connections:
    """Opens connections and sends requests on them. authorization is the header of that name, which may be renewed."""

    def __init__(self, access: Access) -> None:
        self.authorization = access.authorization
        self._access = access
        self._url = urllib.parse.urlsplit(access.server)
        self._context: t.Optional[ssl.SSLContext] = None

    def open(self, patience: float) -> http.client.HTTPConnection:
        """Connect, through the proxy where there is one, and speak TLS."""
        host, secure = self._url.hostname or "", self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        proxy = urllib.parse.urlsplit(self._access.proxy)
        connection = http.client.HTTPConnection(proxy.hostname or host, (proxy.port or 80) if proxy.hostname else port, timeout=patience)
        if proxy.hostname:
            connection.set_tunnel(host, port, _proxy_headers(proxy))
        try:
            connection.connect()
            if secure:
                context = self._context = self._context or tls_context(self._access)
                connection.sock = context.wrap_socket(connection.sock, server_hostname=self._access.server_name or host)
        except ssl.SSLCertVerificationError as problem:
            connection.close()
            raise self._distrusted(problem.verify_message) from problem
        except OSError as problem:
            connection.close()
            raise NotConnected(said(problem)) from problem
        # http.client closes the connection that it opens anew by itself; ours is open, and it must not open another.
        connection.auto_open = 0
        return connection

    def send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: t.Mapping[str, str],
        body: t.Optional[bytes] = None,
    ) -> None:
        """Send a request."""
        connection.putrequest(method, self._url.path.rstrip("/") + path, skip_accept_encoding=True)
        own = {"User-Agent": "campus.moodle", **({"Authorization": self.authorization} if self.authorization else {})}
        for name, value in {**own, **self._access.headers, **headers}.items():
            connection.putheader(name, value)
        for group in self._access.groups:
            connection.putheader("Impersonate-Group", group)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)

    def _distrusted(self, reason: str) -> KubeError:
        msg = (
            f"The certificate of the API server at {self._access.server} cannot be trusted: {reason}. "
            "Give the authority that signed it in ca_cert, or the name in it in tls_server_name."
        )
        return KubeError(msg, error="untrusted")


def said(problem: BaseException) -> str:
    """Return what went wrong with a connection, for a sentence."""
    if isinstance(problem, socket.timeout):
        return "it did not answer in time"
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed ({problem.reason or problem})"
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__


def without_password(url: str) -> str:
    """Return an address as it may be shown."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _proxy_headers(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
