# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The visitor of a site: readiness, and front pages that lead somewhere, nowhere, or elsewhere."""

from __future__ import annotations

import http.server
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site import verify
from ansible_collections.campus.moodle.plugins.module_utils._site.visitor import VisitError, Visitor, reachable, readiness

SITE = "http://moodle.example.edu"
# path to status, location and body
PAGES: dict[str, tuple[int, str, bytes]] = {}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the table, and only to the right name."""

    def do_GET(self) -> None:
        """Answer."""
        status, location, body = PAGES.get(self.path, (404, "", b""))
        if self.headers["Host"] != "moodle.example.edu":
            status, location, body = 421, "", b""
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: t.Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def visitor() -> t.Iterator[Visitor]:
    """Return a visitor of a server on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Visitor(SITE, "0.0.0.0", server.server_port, tls=False)
        server.shutdown()


READY: list[tuple[int, bytes, list[str]]] = [
    (200, b"", []),
    (503, b'{"reasons": ["The site is in maintenance."]}', ["The site is in maintenance."]),
    (502, b"<html>", ["/-/ready answers with status 502"]),
]


@pytest.mark.parametrize(("status", "body", "reasons"), READY)
def test_readiness(visitor: Visitor, status: int, body: bytes, reasons: list[str]) -> None:
    PAGES["/-/ready"] = (status, "", body)
    assert readiness(visitor) == reasons


def test_nothing_listens() -> None:
    assert "no answer" in readiness(Visitor(SITE, "127.0.0.1", 1, tls=False))[0]


def test_the_front_page_leads_to_a_page(visitor: Visitor) -> None:
    PAGES.update({"/": (303, f"{SITE}/login", b""), "/login": (200, "", b"")})
    assert visitor.front_page() == f"{SITE}/login"


BAD = [
    ({"/": (303, "/", b"")}, "redirects in a loop", "redirect"),
    ({"/": (303, "https://moodle.example.edu/", b"")}, "not below", "redirect"),
    ({"/": (303, "http://other.edu/", b"")}, "not below", "redirect"),
    ({"/": (500, "", b"")}, "answers with status 500", "status"),
]


@pytest.mark.parametrize(("pages", "words", "error"), BAD)
def test_front_pages_that_no_browser_could_use(visitor: Visitor, pages: dict[str, tuple[int, str, bytes]], words: str, error: str) -> None:
    PAGES.update(pages)
    with pytest.raises(VisitError, match=words) as caught:
        visitor.front_page()
    assert caught.value.details["error"] == error


def test_a_page_without_an_answer_is_no_page() -> None:
    with pytest.raises(VisitError, match="gives no answer") as caught:
        Visitor(SITE, "127.0.0.1", 1, tls=False).front_page()
    assert caught.value.details == {"error": "no_answer", "ready": True, "reasons": []}


@pytest.mark.parametrize(
    ("address", "connected"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1"), ("machine.example.edu",) * 2]
)
def test_every_address_is_reached_by_the_loopback_one(address: str, connected: str) -> None:
    assert reachable(address) == connected


def params(port: int, **changes: t.Any) -> dict[str, t.Any]:
    """Return the options of site_verify for a server on this machine."""
    return {"url": SITE, "address": "127.0.0.1", "port": port, "tls": False, "timeout": 2, **changes}


@pytest.fixture
def port() -> t.Iterator[int]:
    """Return the port of a server on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_site_that_becomes_ready_is_waited_for(port: int) -> None:
    PAGES.update({"/-/ready": (503, "", b"{}"), "/": (303, f"{SITE}/login", b""), "/login": (200, "", b"")})
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        PAGES["/-/ready"] = (200, "", b"")

    result = verify.run(params(port), sleep=sleep)
    assert (len(waited), result["ready"], result["page"]) == (1, True, f"{SITE}/login")
    assert result["summary"] == [f"Address    {SITE} answers with {SITE}/login"]


def test_a_site_that_is_never_ready_says_why(port: int) -> None:
    PAGES["/-/ready"] = (503, "", b'{"reasons": ["The site is in maintenance."]}')
    now = iter(range(100))
    with pytest.raises(VisitError, match=r"is not ready: The site is in maintenance\.") as caught:
        verify.run(params(port), sleep=lambda _seconds: None, clock=lambda: next(now))
    assert caught.value.details == {"error": "not_ready", "ready": False, "reasons": ["The site is in maintenance."]}
