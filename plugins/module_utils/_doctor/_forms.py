# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The forms in which a secret can stand in a text: as it is, escaped by a format, quoted by a shell, or encoded."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
import urllib.parse

from ._weak import SHORTEST, is_weak

# The end of a certificate's or a key's lines may be short.
SHORTEST_LINE = 8
# Fewer characters of Base64 stand in many texts.
SHORTEST_ENCODED = 8

LOGIN = re.compile(r"://[^\s/:@]*:(.+)@")

ESCAPES: tuple[t.Callable[[str], str], ...] = (
    str,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: repr(value)[1:-1],
    html.escape,
    lambda value: html.escape(value, quote=False),
    lambda value: value.replace("&", "&amp;").replace("'", "&#039;").replace('"', "&quot;"),
    lambda value: value.replace("'", "''"),
    lambda value: value.replace("\\", "\\\\").replace("'", "\\'"),
    lambda value: value.replace("'", "'\"'\"'"),
    lambda value: value.replace("'", "'\\''"),
    lambda value: value.replace("$", "$$"),
    lambda value: value.encode().hex(),
    lambda value: value.encode().hex().upper(),
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
)
QUOTERS: tuple[t.Callable[..., str], ...] = (urllib.parse.quote, urllib.parse.quote_plus)


def values_of(secret: str, words: t.Container[str] = ()) -> set[str]:
    """Return the texts that must not be seen of a secret: all of it, and each line of one that has several.

    One of the words is none of them, since it stands in many texts.
    """
    lines = secret.strip().splitlines()
    # The first and the last line of a PEM file are no secret.
    values = {line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE and not line.startswith("-----")} if lines[1:] else set()
    # Of an address that is one, the password is, too, wherever it stands.
    login = LOGIN.search(secret)
    values |= {login[1], urllib.parse.unquote(login[1])} if login else set()
    return {value for value in (*values, secret.strip()) if not is_weak(value, words)}


def forms_of(value: str) -> set[str]:
    """Return all forms of a value."""
    forms = {escape(value) for escape in ESCAPES}
    # JSON in JSON, and PHP's way to write a slash.
    forms |= {json.dumps(form)[1:-1] for form in list(forms)}
    forms |= {form.replace("/", "\\/") for form in list(forms)}
    for quote in QUOTERS:
        for safe in ("", "/", "/:@", "!~*'()"):
            quoted = quote(value, safe=safe)
            forms |= {quoted, _in_lower_case(quoted), quote(quoted, safe="")}
    return {form for form in forms | set(_within_base64(value.encode())) if len(form) >= SHORTEST}


def _in_lower_case(quoted: str) -> str:
    """Return the percent signs' digits as some programs write them."""
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _within_base64(value: bytes) -> t.Iterator[str]:
    """Yield what a longer text in Base64 has of a value, which can begin at any of three places."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            within = encode(bytes(before) + value).decode()[first:last]
            if len(within) >= SHORTEST_ENCODED:
                yield within
