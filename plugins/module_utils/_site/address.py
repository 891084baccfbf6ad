# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The address of a site, and who ends TLS in front of it."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from . import _certificate as certificates
from . import forms, types
from .forms import File

DEFAULT_PORTS = {"http": 80, "https": 443}
# How the site's own front serves each mode of TLS, and what its users see.
SERVED = {"none": "http", "certificate": "https", "acme": "https", "external": "http"}
SEEN = {**SERVED, "external": "https"}

_HOST_NAME = forms.tested(
    types.is_hostname,
    ", which is not a valid host name; use letters, digits, hyphens and dots only, without a scheme, port or path.",
    option="moodle_hostname",
)


def _web_address_problems(given: str, _around: t.Any) -> t.Iterator[str]:
    """Refuse what Moodle cannot take as wwwroot."""
    if not given:
        return
    try:
        parts = urllib.parse.urlsplit(given)
        parts.port  # noqa: B018 - reading it is what raises ValueError for a bad port
    except ValueError:
        yield f"is {given!r}, which is not a valid address; use for example https://moodle.example.edu."
        return
    if parts.scheme not in ("http", "https") or not types.is_hostname(parts.hostname or ""):
        yield f"is {given!r}, which is not a valid address of a site; use for example https://moodle.example.edu."
        return
    if parts.username or parts.query or parts.fragment:
        yield f"is {given!r}; remove the user name, the query or the fragment from it."
    if parts.path.strip("/"):
        yield f"is {given!r}; a site lives at the root of its host name, so remove the path {parts.path!r}."


@dataclasses.dataclass(frozen=True)
class Address:
    """Where users reach the site; all of it is empty where no address is given."""

    url: t.Annotated[str, forms.value(_web_address_problems, option="moodle_url")]
    hostname: t.Annotated[str, _HOST_NAME]
    scheme: t.Annotated[str, forms.FACT]
    authority: t.Annotated[str, forms.FACT]
    port: t.Annotated[int, forms.FACT]

    @classmethod
    def of(cls, url: str, hostname: t.Optional[str] = None) -> Address:
        """Parse a URL; a host name that is given next to it wins, for a rule to compare the two."""
        parts = urllib.parse.urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        return cls(url.rstrip("/"), hostname or parts.hostname or "", parts.scheme, parts.netloc, port)


@dataclasses.dataclass(frozen=True)
class Tls:
    """Who ends TLS, and with which certificate."""

    mode: t.Annotated[str, forms.value(option="moodle_tls")]
    certificate: t.Annotated[File, forms.file(certificates.read_certificate)]
    private_key: t.Annotated[File, forms.file(certificates.read_public_key)]

    @property
    def served(self) -> str:
        """The scheme that the site itself speaks."""
        return SERVED[self.mode]

    @property
    def seen(self) -> str:
        """The scheme that users see."""
        return SEEN[self.mode]
