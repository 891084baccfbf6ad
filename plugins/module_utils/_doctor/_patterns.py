# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What looks like a secret, though nobody said that it is one: keys, headers, passwords in addresses, tokens, data of queries."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

MARK = "***"

# The same as the rule for names of settings, in a query alone, where the word says enough: codes of a login, tickets, signed links.
IN_QUERIES = frozenset(
    {"code", "state", "ticket", "nonce", "otp", "key", "data", "p", "sig", "signature", "samlresponse", "samlrequest", "relaystate"}
)
HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"})
QUERY = re.compile(r"(?:(?<=[?&])|(?<=&amp;))(?P<name>[\w.%\[\]-]+)=(?P<value>[^&\s\"#<>\\]+)")
# A value in a query that no person has typed: long, and with digits among letters, not just between words.
OPAQUE = re.compile(r"[\w%.~+/=-]{20,}")
MIXED = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")

Patterns = tuple[tuple[re.Pattern[str], str], ...]

_HEADER = "|".join(re.escape(name) for name in sorted(HEADERS))
_DATA, _BREAKS = r"[A-Za-z0-9+/=]{1,80}", r"(?:\s|\\+[nr]){1,4}"
# What every private key has, so that its patterns are spared where it is not.
KEY_END = "PRIVATE KEY-----"
_KEY = rf"[A-Z0-9 ]{{0,40}}{KEY_END}"
_BREAK = r"(?:\s|\\+n)"
KEYS: Patterns = (
    # With its end, or as far as it goes.
    (re.compile(rf"-----BEGIN {_KEY}(?:(?!-----)[\s\S]){{0,20000}}-----END {_KEY}"), MARK),
    (re.compile(rf"-----BEGIN {_KEY}(?:(?:\s|\\+[nr]){{0,4}}[A-Za-z0-9+/=]{{16,80}}){{0,100}}"), MARK),
    (re.compile(rf"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/=]{{16,80}}{_BREAKS}){{0,100}}(?:{_DATA}{_BREAKS})?-----END {_KEY}"), MARK),
)
# Each begins at the beginning of a word and goes only so far, since a log can have very long lines and words.
PATTERNS: Patterns = (
    # A header: the list or text of a JSON document, else the rest of the line.
    (re.compile(rf"(?i)((?<![\w-])(?:{_HEADER})\"\s*:\s*)(?:\[[^\]]*\]|\"(?:[^\"\\]|\\.)*\")"), rf'\1"{MARK}"'),
    (re.compile(rf"(?i)((?<![\w-])(?:{_HEADER})\\*[\"']?\s*[:=]\s*)(?!\"\*\*\*\")[^\r\n]+"), rf"\1{MARK}"),
    (re.compile(r"\b((?i:Bearer)|Basic|Negotiate)[ \t]+[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {MARK}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{10,}\.[\w-]+\.[\w-]*"), MARK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MARK),
    # The hash of a password, as crypt(3) writes it; Compose doubles its signs.
    (re.compile(r"(?<![\w$])\${1,2}(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:i|d|id))\${1,2}[\w./$=,+-]{16,}"), MARK),
    # Moodle's addresses that have a token as part of the path.
    (re.compile(r"(/tokenpluginfile\.php|/rss/file\.php/\d+)/[^/\s\"?]+"), rf"\1/{MARK}"),
    # What a query was about, as PostgreSQL and Moodle's exceptions tell it: values without names. Of one that has no end, the rest of the
    # line and what continues it.
    (
        re.compile(r"(Failing row contains \()(?!\*\*\*\))(?:(?:(?!Failing row)[\s\S]){0,20000}?\)\.?(?=[\"']?\s*(?:\n|\\n|$))|[^\n]*)"),
        rf"\1{MARK})",
    ),
    (re.compile(r"(\bKey \([^\n=]{1,500}\)=\()(?!\d+\)|\*\*\*)(?:[^\n]*?(?=\) (?:already|is|conflicts)\b)|[^\n]*)"), rf"\1{MARK}"),
    (re.compile(r"(?i)(\bparameters: )\$1 = [^\n]*"), rf"\1{MARK}"),
    (
        re.compile(
            rf"(\[array \()(?!\*\*\*\))(?:(?:(?:(?!\[array \()[\s\S]){{0,20000}}?,)?{_BREAK}*(?:[\d:TZ.+-]{{20,}}{_BREAK}+)?\)\]"
            r"|[^\n]*(?:\n[^\n]{0,40}\s\d+ => [^\n]*)*)"
        ),
        rf"\1{MARK})]",
    ),
)  # fmt: skip


# What may be addresses, up to the last @, and in it a user with a password, which may have one, too. A number and a slash are a port.
ADDRESSES = re.compile(r"(?<![^\s\"])(?:[^\s\"]|(?<=\\)\")*@")
LOGIN = re.compile(r"(://[^\s/:@\"'<>\[]{0,200}):(?!\d{1,5}[/?#]).+@")


def without_patterns(text: str) -> str:
    """Return a text without what looks like a secret."""
    for pattern, instead in (*(KEYS if KEY_END in text else ()), *PATTERNS):
        text = pattern.sub(instead, text)
    return ADDRESSES.sub(lambda match: LOGIN.sub(rf"\1:{MARK}@", match[0]), text)


def in_queries(text: str, opens: t.Callable[[str], bool]) -> str:
    """Return a text without the values in addresses that open something."""

    def hide(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        opaque = OPAQUE.fullmatch(value) and MIXED.search(urllib.parse.unquote(value))
        return f"{name}={MARK}" if opaque or name.lower() in IN_QUERIES or opens(name) else match[0]

    return QUERY.sub(hide, text)
