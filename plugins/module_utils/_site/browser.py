# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A visitor who keeps cookies, follows redirects and sends forms: as much of a browser as a smoke test needs."""

from __future__ import annotations

import secrets
import typing as t
import urllib.parse

from ._page import Form, Page
from .visitor import Answer, VisitError, Visitor

# A login goes through a few pages.
REDIRECTS = 10
FORM = "application/x-www-form-urlencoded"


class Browser:
    """A session of one person on one site."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._cookies: dict[str, str] = {}

    def open(self, path: str) -> Page:
        """Return the page that a path leads to; VisitError where that is none."""
        return self._follow(path, self._send(path))

    def submit(self, page: Page, form: Form, **fields: str) -> Page:
        """Fill in a form of a page, send it, and return the page that it leads to."""
        path = self._visitor.path_of(form.action, page.path)
        body = urllib.parse.urlencode({**form.fields, **fields}).encode()
        return self._follow(path, self._send(path, body, FORM))

    def post_file(self, path: str, fields: t.Mapping[str, str], field: str, name: str, content: bytes) -> bytes:
        """Send a file with other fields, as a script of a page does, and return the answer."""
        boundary = secrets.token_hex(16)
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: application/octet-stream'
        )
        body = "".join(parts).encode() + f"{head}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._follow(path, self._send(path, body, f"multipart/form-data; boundary={boundary}")).body

    def path_of(self, address: str) -> str:
        """Return the path of an address of the site."""
        return self._visitor.path_of(address)

    def _send(self, path: str, body: t.Optional[bytes] = None, kind: str = "") -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())} if self._cookies else {}
        answer = self._visitor.answer(path, body, {**headers, **({"Content-Type": kind} if kind else {})})
        for line in answer.cookies:
            self._keep(line)
        return answer

    def _keep(self, line: str) -> None:
        """Keep a cookie, or forget it where the site says so. What follows its value is for browsers."""
        name, _equals, value = line.partition(";")[0].partition("=")
        if value in ("", "deleted"):
            self._cookies.pop(name.strip(), None)
        else:
            self._cookies[name.strip()] = value.strip()

    def _follow(self, path: str, answer: Answer) -> Page:
        for _redirect in range(REDIRECTS):
            if not 300 <= answer.status < 400 or not answer.location:
                break
            path = self._visitor.path_of(answer.location, path)
            answer = self._send(path)
        else:
            raise VisitError(f"The page {path} of {self._visitor.url} redirects in a loop.", error="redirect")
        page = Page(path, answer.body)
        if answer.status >= 300:
            said = f": {page.complaint}" if page.complaint else "; the logs of web and php say why."
            raise VisitError(f"The page {path} of {self._visitor.url} answers with status {answer.status}{said}", error="status")
        return page
