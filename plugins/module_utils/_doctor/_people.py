# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Pseudonyms for people: the same address has the same one in all of an archive, and another one in the next archive."""

from __future__ import annotations

import collections
import ipaddress
import re
import typing as t
import urllib.parse

MAIL = re.compile(r"(?<![\w.+-])(?:[\w.+-]|%2[Bb]){1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Behind a name and a colon, too, and not within one of the next kind.
NUMBERS = re.compile(r"(?<![\w.])(?<!::)(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
# Also ::ffff:192.0.2.1, which servers write for what came by IPv4.
HEXADECIMAL = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\d)")


class People:
    """Replaces mail addresses and network addresses; kept are those of machines, which help to understand a log."""

    def __init__(self, kept: t.Iterable[str] = ()) -> None:
        self._kept = set(kept)
        self._names: dict[str, str] = {}
        self._numbers: collections.Counter[str] = collections.Counter()

    def hide(self, text: str) -> str:
        """Return a text in which nobody can be recognised by an address."""
        text = MAIL.sub(lambda match: self._name("mail", urllib.parse.unquote(match[0]).lower(), "@pseudonym.invalid"), text)
        for pattern in (HEXADECIMAL, NUMBERS):
            text = pattern.sub(lambda match: self._address(match[0]), text)
        return text

    def _address(self, text: str) -> str:
        try:
            address: t.Any = ipaddress.ip_address(text)
        except ValueError:
            return text
        address = getattr(address, "ipv4_mapped", None) or address
        known = address.is_loopback or address.is_unspecified or str(address) in self._kept
        return text if known else self._name("address", str(address), "")

    def _name(self, kind: str, who: str, ending: str) -> str:
        if who not in self._names:
            self._numbers[kind] += 1
            self._names[who] = f"{kind}-{self._numbers[kind]}{ending}"
        return self._names[who]
