# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The visitor of a site: readiness, and front pages that lead somewhere, nowhere, or elsewhere."""

from __future__ import annotations

import http.server
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._moodle.settings import to_moodle
from ansible_collections.campus.moodle.plugins.module_utils._site.visitor import Problem, Visitor, readiness

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
    ({"/": (303, "/", b"")}, "redirects in a loop"),
    ({"/": (303, "https://moodle.example.edu/", b"")}, "not below"),
    ({"/": (303, "http://other.edu/", b"")}, "not below"),
    ({"/": (500, "", b"")}, "answers with status 500"),
]


@pytest.mark.parametrize(("pages", "words"), BAD)
def test_front_pages_that_no_browser_could_use(visitor: Visitor, pages: dict[str, tuple[int, str, bytes]], words: str) -> None:
    PAGES.update(pages)
    with pytest.raises(Problem, match=words):
        visitor.front_page()


def test_settings_are_sent_as_moodle_stores_them() -> None:
    sent = to_moodle({"core": {"a": True, "b": 5, "c": None}}, {"core": {"b": "6"}, "mod_x": {"d": False}})
    assert sent == {"core": {"a": "1", "b": "6", "c": None}, "mod_x": {"d": "0"}}
