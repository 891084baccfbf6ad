# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The forms in which a secret can stand in a text: as it is, escaped by a format, quoted by a shell, or encoded."""

from __future__ import annotations

import base64
import re
import typing as t
import urllib.parse

from ._weak import SHORTEST, is_weak

# The end of a certificate's or a key's lines may be short.
SHORTEST_LINE = 8

LOGIN = re.compile(r"://[^\s/:@]*:(.+)@")
# What no format escapes.
PLAIN = re.compile(r"[A-Za-z0-9_-]*")
# A format in a format doubles the backslashes of the inner one, so many times at most.
BACKSLASHES = r"\\{0,8}"
# How some characters are written beside what is true of all.
SPELLED = {
    " ": (r"\+",),
    "\n": (r"\\{1,8}n",),
    "\r": (r"\\{1,8}r",),
    "\t": (r"\\{1,8}t",),
    "'": ("''", r"'\"'\"'", r"'\\''", "&(?:amp;)*apos;"),
    '"': ('""', "&(?:amp;)*quot;"),
    "$": (r"\$\$",),
    "&": ("&(?:amp;)+",),
    "<": ("&(?:amp;)*lt;",),
    ">": ("&(?:amp;)*gt;",),
}

Form = t.Union[str, "re.Pattern[str]"]


def values_of(secret: str, words: t.Container[str] = ()) -> set[str]:
    """Return the texts that must not be seen of a secret: all of it, and each line of one that has several.

    One of the words is none of them, since it stands in many texts.
    """
    lines = secret.strip().split("\n")
    # The first and the last line of a PEM file are no secret.
    values = {line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE and not line.startswith("-----")} if lines[1:] else set()
    # Of an address that is one, the password is, too, wherever it stands.
    login = LOGIN.search(secret)
    values |= {login[1], urllib.parse.unquote(login[1])} if login else set()
    return {value for value in (*values, secret.strip()) if not is_weak(value, words)}


def forms_of(secrets: t.Iterable[str], words: t.Container[str] = ()) -> list[Form]:
    """Return all forms of secrets, the longest first: one may be a part of another one."""
    values = {value for secret in secrets for value in values_of(secret, words)}
    encoded = {form for value in values for form in _encoded(value.encode()) if len(form) >= SHORTEST}
    forms: list[tuple[int, Form]] = [(len(form), form) for form in values | encoded]
    forms += [(len(value), re.compile(spelling(value))) for value in values if not PLAIN.fullmatch(value)]
    return [form for _length, form in sorted(forms, key=lambda row: (-row[0], str(row[1])))]


def spelling(value: str) -> str:
    """Return an expression for a value of which each character is written in any way: formats escape some, and not always the same ones."""
    pieces = re.findall(r"\\+|[^\\]", value)
    return "".join(piece if PLAIN.fullmatch(piece) else f"(?:{'|'.join(_ways(piece))})" for piece in pieces)


def _ways(piece: str) -> t.Iterator[str]:
    """Yield how a character, or some backslashes in a row, may be written."""
    if piece[0] == "\\":
        yield rf"\\{{{len(piece)},{8 * len(piece)}}}"
    else:
        yield BACKSLASHES + re.escape(piece)
    yield from SPELLED.get(piece, ())
    octets, units = piece.encode(), piece.encode("utf-16-be")
    yield "".join(f"%(?:25)*(?i:{octet:02x})" for octet in octets)
    yield "".join(rf"\\{{1,8}}x(?i:{octet:02x})" for octet in octets)
    yield "".join(rf"\\{{1,8}}{octet:03o}" for octet in octets)
    yield "".join(rf"\\{{1,8}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    yield "".join(f"&(?:amp;)*#(?:0*{ord(sign)}|(?i:x0*{ord(sign):x}));" for sign in piece)


def _encoded(value: bytes) -> t.Iterator[str]:
    yield from (value.hex(), value.hex().upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for form in (encode(value).decode(), *_within(value, encode)):
            quoted = urllib.parse.quote(form, safe="")
            yield from (form, form.replace("/", "\\/"), quoted, re.sub("%..", lambda octet: octet[0].lower(), quoted))


def _within(value: bytes, encode: t.Callable[[bytes], bytes]) -> t.Iterator[str]:
    """Yield what a longer text in Base64 has of a value, which can begin at any of three places."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(value)) * 8 // 6
        yield encode(bytes(before) + value).decode()[first:last]
