# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about TLS: what would make the proxy refuse to start, or browsers refuse the site, is refused here."""

from __future__ import annotations

import typing as t

from .. import _certificate as certificates
from .. import types
from .address import host_of

Values = t.Mapping[str, t.Any]
T = t.TypeVar("T")

# Files on the control node, and what they have to hold.
PEM_FILES: dict[str, t.Callable[[bytes], t.Any]] = {
    "moodle_tls_certificate": certificates.read_certificate,
    "moodle_tls_private_key": certificates.read_public_key,
    "moodle_database_sslrootcert": certificates.read_certificate,
}
# The ports that a certificate authority asks.
ACME_PORTS = {"moodle_http_port": 80, "moodle_https_port": 443}
PAIR = ("moodle_tls_certificate", "moodle_tls_private_key")


def certificate(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Ask for both files of a certificate."""
    if values["moodle_tls"] != "certificate":
        return
    for option in PAIR:
        if not values[option]:
            yield f"moodle_tls is certificate but {option} is missing; name the PEM file on the control node."


def a_name_to_redirect_to(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse an IPv6 address where the proxy ends TLS: it would not start with it."""
    if values["moodle_tls"] in ("certificate", "acme") and ":" in host_of(values):
        yield f"moodle_tls is {values['moodle_tls']} but the site's host is the IPv6 address {host_of(values)}; give the site a host name."


def acme(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what a certificate authority could never confirm."""
    if values["moodle_tls"] != "acme":
        return
    host = host_of(values)
    if not values["moodle_acme_email"]:
        yield "moodle_tls is acme but moodle_acme_email is missing; give the address that the certificate authority writes to."
    if not values["moodle_acme_directory"] and (types.is_address(host) or "." not in host):
        yield f"moodle_tls is acme but {host!r} is no public host name; use a public name, or set moodle_tls to certificate or none."
    if values["moodle_bind_address"].startswith("127."):
        yield (
            f"moodle_tls is acme but moodle_bind_address is {values['moodle_bind_address']!r}, which the certificate authority "
            "cannot reach; set moodle_bind_address to 0.0.0.0 or to the public address."
        )


def acme_ports(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Warn of ports that no certificate authority asks; port forwarding makes them right."""
    ports = tuple(values[option] for option in ACME_PORTS)
    if values["moodle_tls"] == "acme" and ports != tuple(ACME_PORTS.values()):
        yield (
            f"moodle_tls is acme but ports {ports[0]} and {ports[1]} are published: no certificate comes unless something forwards "
            "ports 80 and 443 to them."
        )


def pem_files(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse files that do not hold what their names promise."""
    for option, reader in PEM_FILES.items():
        try:
            _content(values, around, option, reader)
        except ValueError as error:
            yield f"{option} is {values[option]!r}, {error}."


def usable_pair(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse a certificate that fits neither its key, nor the time, nor the site. Broken files have a sentence of their own."""
    if values["moodle_tls"] != "certificate":
        return
    try:
        found = _content(values, around, PAIR[0], certificates.read_certificate)
        public_key = _content(values, around, PAIR[1], certificates.read_public_key)
    except ValueError:
        return
    path, host = values[PAIR[0]], host_of(values)
    if found is not None and public_key is not None and found.public_key != public_key:
        yield f"{PAIR[1]} is {values[PAIR[1]]!r}, which is not the key of the first certificate in {path!r}; give the two of one pair."
    if found is None:
        return
    if around.now > found.end:
        yield f"{PAIR[0]} is {path!r}, which expired on {found.end:%Y-%m-%d %H:%M} UTC; renew it."
    if around.now < found.begin:
        yield f"{PAIR[0]} is {path!r}, which is not valid before {found.begin:%Y-%m-%d %H:%M} UTC; wait, or correct the clock."
    if host and not found.covers(host):
        covered = ", ".join((*found.names, *found.addresses)) or "no name at all"
        yield f"{PAIR[0]} is {path!r}, which is for {covered}, not for {host}; give the certificate of this site."


def _content(values: Values, around: t.Any, option: str, reader: t.Callable[[bytes], T]) -> t.Optional[T]:
    """Return what a file holds; None where none is given or none is there, which other rules speak about."""
    path = around.find(values[option]) if values[option] else None
    if path is None:
        return None
    content = around.read(path)
    if not content.strip():
        raise ValueError("which is empty, or cannot be read by this user")
    return reader(content)
