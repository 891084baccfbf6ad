# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a person sees of a page of Moodle: forms, links and messages, found by their names wherever a theme puts them."""

from __future__ import annotations

import contextlib
import html.parser
import json
import re
import typing as t
import urllib.parse

# Elements without an end.
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
LOGOUT = "/login/logout.php"
# How the boxes of Moodle and of Bootstrap that say what went wrong are called.
MESSAGE_IDS = frozenset({"loginerrormessage"})
MESSAGE_CLASSES = frozenset({"alert-danger", "errorbox", "errormessage"})
# A list of the file picker's sources is part of a script.
UPLOAD = re.compile(r'\{[^{}]*"type":\s*"upload"[^{}]*\}')


class Form:
    """A form: where it goes, its fields with their values, and of which type each is."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}
        self.types: dict[str, str] = {}


class Page(html.parser.HTMLParser):
    """One page: forms, addresses of links, messages of errors, and the whole text. path is where it was found."""

    def __init__(self, path: str, body: bytes) -> None:
        super().__init__()
        self.path = path
        self.body = body
        self.text = body.decode("utf-8", "replace")
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.messages: list[str] = []
        self._form: t.Optional[Form] = None
        self._depth = 0  # within an element that is a message
        # A file that was downloaded is no HTML, and where it looks like a declaration the parser gives up: then there is no more to see.
        with contextlib.suppress(AssertionError):
            self.feed(self.text)
            self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, t.Optional[str]]]) -> None:
        """Note forms, fields and links, and begin a message."""
        given = {name: value or "" for name, value in attrs}
        if self._depth and tag not in VOID:
            self._depth += 1
        elif not self._depth and (given.get("id") in MESSAGE_IDS or MESSAGE_CLASSES & set(given.get("class", "").split())):
            self._depth = 1
            self.messages.append("")
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "input" and "name" in given and self._form is not None:
            self._form.fields[given["name"]] = given.get("value", "")
            self._form.types[given["name"]] = given.get("type", "text").lower()
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        """End a form or a message."""
        if self._depth and tag not in VOID:
            self._depth -= 1
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        """Collect the text of a message."""
        if self._depth:
            self.messages[-1] += data

    @property
    def sesskey(self) -> str:
        """The key that the session's forms send back; empty where nobody is logged in, since it is that of the link to log out."""
        for link in map(urllib.parse.urlsplit, self.links):
            if link.path.endswith(LOGOUT):
                return urllib.parse.parse_qs(link.query).get("sesskey", [""])[0]
        return ""

    @property
    def login_form(self) -> t.Optional[Form]:
        """The form in which a person types name and password. That of the guest sends both without showing them."""
        found = (
            form for form in self.forms if form.types.get("password") == "password" and form.types.get("username", "hidden") != "hidden"
        )
        return next(found, None)

    @property
    def draft_area(self) -> str:
        """The number of the area into which a file manager of the page puts its files; empty where there is none."""
        fields = (field for form in self.forms for field in form.fields.items())
        return next((value for name, value in fields if name.endswith("_filemanager") and value.isdigit()), "")

    @property
    def upload_source(self) -> str:
        """The number of the file picker's source for files of one's own; empty where it is not offered."""
        for found in UPLOAD.findall(self.text):
            try:
                return str(json.loads(found)["id"])
            except (ValueError, KeyError):
                continue
        return ""

    @property
    def complaint(self) -> str:
        """What the page says went wrong, in one line; empty where it says nothing."""
        lines = (" ".join(message.split()) for message in self.messages)
        return next((line for line in lines if line), "")[:300]
