# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A visitor of a site who knows its name but connects to a given address, as a browser behind the same port would."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

TIMEOUT = 30
REDIRECTS = 5


class VisitError(ToolError):
    """The site answered with something no browser could use, or not at all. Details: error, ready and reasons."""

    def __init__(self, msg: str, *, error: str, ready: bool = True, reasons: t.Sequence[str] = ()) -> None:
        super().__init__(msg, error=error, ready=ready, reasons=list(reasons))


class Elsewhere(VisitError):
    """The site sends its visitors to another address, which the attribute address has."""

    def __init__(self, msg: str, address: str) -> None:
        super().__init__(msg, error="redirect")
        self.address = address


class Answer(t.NamedTuple):
    """What a site answers: the target of a redirect is empty where it is none, and cookies are as the headers have them."""

    status: int
    location: str
    body: bytes
    cookies: tuple[str, ...]


# Where the pages of a site are, for every module that visits one; the fragment _visit documents them.
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "url": {"type": "str", "required": True},
    "address": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int", "required": True},
    "tls": {"type": "bool", "default": False},
}


class NamedTlsConnection(http.client.HTTPSConnection):
    """HTTPS to an address, with the site's name in the handshake so that the right certificate is chosen."""

    def __init__(self, address: str, port: int, name: str, timeout: float) -> None:
        # The certificate is for the name, which may not even resolve here; whether it is valid is for browsers to tell.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(address, port, timeout=timeout, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        """Open the connection with the name of the site in the TLS handshake."""
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


def connection_to(address: str, port: int, name: str, *, tls: bool, timeout: float = TIMEOUT) -> http.client.HTTPConnection:
    """Return a connection to what is published at an address, for the site of that name."""
    host = reachable(address)
    return NamedTlsConnection(host, port, name, timeout) if tls else http.client.HTTPConnection(host, port, timeout=timeout)


class Visitor:
    """Requests pages of one site."""

    def __init__(self, url: str, address: str, port: int, *, tls: bool) -> None:
        self._site = urllib.parse.urlsplit(url)
        self._address = address
        self._port = port
        self._tls = tls

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Visitor:
        """Return a visitor for options that are as ARGUMENTS says."""
        return cls(params["url"], params["address"], params["port"], tls=params["tls"])

    @property
    def url(self) -> str:
        """The address of the site."""
        return self._site.geturl()

    def get(self, path: str) -> tuple[int, str, bytes]:
        """Return status, redirect target and body of a page; OSError when there is no answer."""
        return self.request(path)[:3]

    def request(self, path: str, body: t.Optional[bytes] = None, headers: t.Optional[t.Mapping[str, str]] = None) -> Answer:
        """Return the answer to a request, which sends what there is to send; OSError when there is none."""
        connection = connection_to(self._address, self._port, self._site.hostname or "", tls=self._tls)
        common = {"Host": self._site.netloc, "X-Forwarded-Proto": self._site.scheme, "User-Agent": "campus.moodle"}
        try:
            connection.request("GET" if body is None else "POST", path, body=body, headers={**common, **(headers or {})})
            response = connection.getresponse()
            cookies = tuple(response.headers.get_all("Set-Cookie") or ())
            return Answer(response.status, response.getheader("Location", ""), response.read(), cookies)
        finally:
            connection.close()

    def front_page(self) -> str:
        """Return the address of the page that the front page leads to; VisitError when it leads nowhere."""
        path = "/"
        for _redirect in range(REDIRECTS):
            status, location, _body, _cookies = self.answer(path)
            if status < 300:
                return urllib.parse.urlunsplit((self._site.scheme, self._site.netloc, path, "", ""))
            if status >= 400:
                msg = f"The page {path} of {self._site.geturl()} answers with status {status}; the logs of web and php say why."
                raise VisitError(msg, error="status")
            path = self.path_of(location)
        msg = (
            f"The front page of {self._site.geturl()} redirects in a loop; compare moodle_url, moodle_tls and what a proxy in front sends."
        )
        raise VisitError(msg, error="redirect")

    def answer(self, path: str, body: t.Optional[bytes] = None, headers: t.Optional[t.Mapping[str, str]] = None) -> Answer:
        """Return the answer to a request; VisitError when there is none."""
        try:
            return self.request(path, body, headers)
        # ValueError: an address with characters that no request can have.
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise VisitError(f"The page {path} of {self.url} gives no answer: {error}.", error="no_answer") from error

    def path_of(self, location: str, page: str = "/") -> str:
        """Return the path of an address within the site, as a link of a page leads to it; Elsewhere when it leaves the site."""
        target = urllib.parse.urlsplit(urllib.parse.urljoin(urllib.parse.urljoin(self.url + "/", page), location))
        if (target.scheme, target.netloc) != (self._site.scheme, self._site.netloc):
            msg = f"The site redirects to {location}, which is not below {self.url}; correct moodle_url or moodle_tls."
            raise Elsewhere(msg, target.geturl())
        return target.path + (f"?{target.query}" if target.query else "")


def reachable(address: str) -> str:
    """Return where to connect to: "every address" is none, and the loopback one is among them."""
    try:
        published = ipaddress.ip_address(address)
    except ValueError:
        return address
    loopback = "127.0.0.1" if published.version == 4 else "::1"
    return loopback if published.is_unspecified else address


def readiness(visitor: Visitor) -> list[str]:
    """Return why the site is not ready; empty when it is."""
    try:
        status, _location, body = visitor.get("/-/ready")
    except (OSError, http.client.HTTPException) as error:
        return [f"the proxy gives no answer ({error})"]
    if status == 200:
        return []
    try:
        reasons: t.Any = json.loads(body).get("reasons")
    except (ValueError, AttributeError):
        reasons = None
    return [str(reason) for reason in reasons or [f"/-/ready answers with status {status}"]]
