# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Requests to an API server: one connection that is kept, and another try where a try can help.

Connections go through a proxy where there is one, speak TLS, and carry the identity in each request.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import random
import re
import socket
import ssl
import time
import typing as t
import urllib.parse

from ..access import Access, tls_context
from ..errors import KubeError
from .stream import Lines, answer_on

CONNECT_SECONDS = 10
# A server that does not listen is tried this often; one that answers "later" until the time is used up.
CONNECT_TRIES = 3
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# A request that must not be sent twice gets a new connection when the kept one may have been closed meanwhile.
STALE_SECONDS = 1.0
# Status 500 is worth another try only with one of these in the answer.
PASSING = (
    b"failed calling webhook",
    b"failed to call webhook",
    b"leader changed",
    b"etcdserver: request timed out",
    b"server is currently",
)


# What the server adds for the user, as in: 299 - "v1 Endpoints is deprecated".
_WARNING = re.compile(r'\d+ \S+ "((?:[^"\\]|\\.)*)"')


class Response(t.NamedTuple):
    """What came back. The names of headers are in lower case; warnings are those of the server for the user."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    warnings: tuple[str, ...] = ()


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
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise self._distrusted(error.verify_message) from error
        except OSError as error:
            connection.close()
            raise NotConnected(_reason(error)) from error
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


class Transport:
    """Sends requests. budget is the time in seconds that one request may take, with all its tries."""

    def __init__(
        self,
        access: Access,
        *,
        budget: float = 60,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self._budget = budget
        self._sleep = sleep
        self._clock = clock
        self._connections = Connections(access)
        self._kept: t.Optional[http.client.HTTPConnection] = None
        self._used = 0.0

    def request(
        self,
        method: str,
        path: str,
        *,
        body: t.Optional[bytes] = None,
        headers: t.Optional[t.Mapping[str, str]] = None,
        repeatable: t.Optional[bool] = None,
        patient: bool = True,
        seconds: t.Optional[float] = None,
    ) -> Response:
        """Send a request and return the answer, whatever its status.

        repeatable: sending it twice does the same as once. patient: an answer that means "later" is followed by another try.
        seconds: less time than the budget.
        """
        repeatable = method in ("GET", "DELETE") if repeatable is None else repeatable
        limit = self._budget if seconds is None else min(seconds, self._budget)
        deadline = self._clock() + limit
        attempt, renewed = 0, False
        while True:
            attempt += 1
            pause = random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 (it only spreads load)
            last = self._clock() + pause >= deadline
            try:
                response = self._once(method, path, body, headers, repeatable, max(min(1.0, limit), deadline - self._clock()))
            except NotConnected as error:
                if last or attempt >= CONNECT_TRIES:
                    raise self._unreachable(str(error)) from error
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last or not repeatable or _final(error):
                    raise self._lost(method, error) from error
            else:
                if response.status == 401 and self.access.renew and not renewed:
                    renewed, self._connections.authorization = True, self.access.renew()
                    continue
                wait = _pause_requested(response, repeatable) if patient else None
                if wait is None or self._clock() + max(wait, pause) >= deadline:
                    return response
                pause = max(wait, pause)
            self._sleep(pause)

    @contextlib.contextmanager
    def stream(self, path: str, *, patience: float, tick: t.Optional[float] = None) -> t.Iterator[Lines]:
        """Open an answer that is read while it comes, on a connection of its own. patience and tick are those of Lines."""
        connection = self._connections.open(min(CONNECT_SECONDS, patience))
        try:
            connection.sock.settimeout(patience)
            self._connections.send(connection, "GET", path, {"Accept": "application/json"})
            yield Lines(connection.sock, answer_on(connection.sock), patience=patience, tick=tick)
        finally:
            connection.close()

    def upgrade(self, path: str, headers: t.Mapping[str, str]) -> tuple[Response, t.Optional[socket.socket]]:
        """Ask for another protocol on a connection of its own; the socket is None unless the server agreed."""
        try:
            connection = self._connections.open(CONNECT_SECONDS)
        except NotConnected as error:
            raise self._unreachable(str(error)) from error
        connection.sock.settimeout(self._budget)
        try:
            self._connections.send(connection, "GET", path, headers)
            answer = answer_on(connection.sock)
            if answer.status == 101:
                return _response(answer, b""), connection.sock
            response = _response(answer, answer.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._lost("GET", error) from error
        connection.close()
        return response, None

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept:
            self._kept.close()
        self._kept = None

    def _once(
        self,
        method: str,
        path: str,
        body: t.Optional[bytes],
        headers: t.Optional[t.Mapping[str, str]],
        repeatable: bool,
        patience: float,
    ) -> Response:
        if self._kept and not repeatable and self._clock() - self._used > STALE_SECONDS:
            self.close()
        if self._kept is None:
            self._kept = self._connections.open(min(CONNECT_SECONDS, patience))
        self._kept.sock.settimeout(patience)
        self._connections.send(self._kept, method, path, headers or {}, body)
        answer = self._kept.getresponse()
        response = _response(answer, answer.read())
        self._used = self._clock()
        if answer.will_close:
            self.close()
        return response

    def _unreachable(self, reason: str) -> KubeError:
        way = f" through the proxy {_shown(self.access.proxy)}" if self.access.proxy else ""
        msg = (
            f"Cannot reach the API server at {self.access.server}{way}: {reason}. "
            "Check the address, the network, and whether the server runs."
        )
        return KubeError(msg, error="unreachable")

    def _lost(self, method: str, error: Exception) -> KubeError:
        msg = f"The API server at {self.access.server} did not answer to the end ({method}: {_reason(error)})."
        return KubeError(msg + " The request may have been carried out or not; run the task again.", error="unreachable")


def _response(answer: http.client.HTTPResponse, body: bytes) -> Response:
    warnings = (_WARNING.match(line) for line in answer.headers.get_all("Warning") or [])
    texts = tuple(found[1].replace('\\"', '"') for found in warnings if found)
    return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body, texts)


def _pause_requested(response: Response, repeatable: bool) -> t.Optional[float]:
    """Return how long to wait before another try, None when there is none."""
    status = response.status
    again = (
        status in (429, 503)
        or (status == 504 and repeatable)
        or (status == 500 and any(word in response.body for word in PASSING) and (repeatable or b"webhook" in response.body))
    )
    if not again:
        return None
    after = response.headers.get("retry-after", "0")
    return float(after) if after.isdigit() else 0.0


def _final(error: BaseException) -> bool:
    """Whether TLS was refused, and not only cut off."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def _reason(error: BaseException) -> str:
    """Return what went wrong with a connection, for a sentence."""
    if isinstance(error, socket.timeout):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or error})"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _shown(url: str) -> str:
    """Return an address as it may be shown."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _proxy_headers(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
