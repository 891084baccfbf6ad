# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What looks like a secret, though nobody said that it is one: keys, headers, passwords in addresses, sessions, tokens."""

from __future__ import annotations

import re

MARK = "***"

# Names of parameters and cookies that open something and that the rule for names of settings does not know.
OPENING = frozenset({"sesskey", "phpsessid", "sessionid", "sid", "cookie", "authorization", "jwt"})
# The same in a query alone, where the word says enough: codes of a login, tickets, signed links.
IN_QUERIES = frozenset(
    {"code", "state", "ticket", "nonce", "otp", "key", "data", "p", "sig", "signature", "samlresponse", "samlrequest", "relaystate"}
)
COOKIES = ("moodlesession", "moodleid")
HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"})
# A value in a query that no person has typed.
OPAQUE = re.compile(r"[\w%.~+/=-]{20,}")
QUERY = re.compile(r"(?<=[?&;])(?P<name>[\w.%\[\]-]+)=(?P<value>[^&\s\"'#<>\\]+)")

_HEADER = "|".join(re.escape(name) for name in sorted(HEADERS))
_DATA = r"[A-Za-z0-9+/=]{1,80}"
_KEY = r"[A-Z0-9 ]*PRIVATE KEY-----"
# Each begins at the beginning of a word and goes only so far, since a log can have very long lines and words.
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A private key: with its end, or as far as it goes.
    (re.compile(rf"-----BEGIN {_KEY}(?:(?!-----)[\s\S]){{0,20000}}-----END {_KEY}"), MARK),
    (re.compile(rf"-----BEGIN {_KEY}(?:(?:\s|\\+[nr]){{0,4}}[A-Za-z0-9+/=]{{16,80}}){{0,100}}"), MARK),
    (re.compile(rf"(?<![A-Za-z0-9+/=])(?:{_DATA}(?:\s|\\+[nr]){{1,4}}){{1,100}}(?:{_DATA}|)-----END {_KEY}"), MARK),
    # A header: the list or text of a JSON document, else the rest of the line.
    (re.compile(rf"(?i)((?<![\w-])(?:{_HEADER})\"\s*:\s*)(?:\[[^\]]*\]|\"(?:[^\"\\]|\\.)*\")"), rf'\1"{MARK}"'),
    (re.compile(rf"(?i)((?<![\w-])(?:{_HEADER})\\*[\"']?\s*[:=]\s*)(?!\"\*\*\*\")[^\r\n]+"), rf"\1{MARK}"),
    (re.compile(r"\b(Bearer|Basic|Negotiate)[ \t]+[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {MARK}"),
    # A password in an address: up to the @ that ends it.
    (re.compile(r"(://[^\s/:@\"'<>]{0,200}):[^\s/@\"'<>]+@"), rf"\1:{MARK}@"),
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"), MARK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MARK),
    # Moodle's addresses that have a token as part of the path.
    (re.compile(r"(/tokenpluginfile\.php|/rss/file\.php/\d+)/[^/\s\"?]+"), rf"\1/{MARK}"),
)
