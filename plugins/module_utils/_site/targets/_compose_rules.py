# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about the values of a site together that hold in Docker Compose on one machine."""

from __future__ import annotations

import typing as t

from ..._moodle import branches
from .. import types
from ..address import DEFAULT_PORTS
from ..model import Site
from ..surroundings import Surroundings
from ._compose_options import Machine

# The ports that a certificate authority asks.
ACME_PORTS = (80, 443)


def ports_published(site: Site, machine: Machine) -> list[dict[str, t.Any]]:
    """Return the ports of the machine that the site takes: service, protocol, address and port of the machine, and the variable."""
    bind, loopback = machine.bind_address, "127.0.0.1"
    rows = (
        (True, "proxy", "http", bind, machine.http_port, "moodle_http_port"),
        (site.tls.served == "https", "proxy", "https", bind, machine.https_port, "moodle_https_port"),
        (
            site.development and site.database.own,
            "postgres",
            "postgresql",
            loopback,
            machine.database.host_port,
            "moodle_database_host_port",
        ),
        (
            site.development and site.session.own,
            "valkey-sessions",
            "valkey",
            loopback,
            machine.session.host_port,
            "moodle_session_host_port",
        ),
        (site.mail.catcher, "mail", "smtp", loopback, machine.mail.smtp_port, "moodle_mail_smtp_port"),
        (site.mail.catcher, "mail", "http", loopback, machine.mail.http_port, "moodle_mail_http_port"),
    )
    keys = ("service", "protocol", "address", "port", "variable")
    return [dict(zip(keys, row[1:])) for row in rows if row[0]]


def port_twice(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Refuse one port of the machine for two things."""
    seen: dict[int, str] = {}
    for row in ports_published(site, machine):
        port, option = row["port"], row["variable"]
        if port in seen:
            yield f"{option} and {seen[port]} are both {port}; give each its own port of the machine."
        seen.setdefault(port, option)


def acme(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Refuse what a certificate authority could never confirm."""
    if site.tls.mode != "acme":
        return
    host = site.address.hostname
    if not machine.acme.email:
        yield "moodle_tls is acme but moodle_acme_email is missing; give the address that the certificate authority writes to."
    if host and not machine.acme.directory and (types.is_address(host) or "." not in host):
        yield f"moodle_tls is acme but {host!r} is not a public host name; use a public name, or set moodle_tls to certificate or none."
    if machine.bind_address.startswith("127."):
        yield (
            f"moodle_tls is acme but moodle_bind_address is {machine.bind_address!r}, which the certificate authority "
            "cannot reach; set moodle_bind_address to 0.0.0.0 or to the public address."
        )


def name_to_redirect_to(site: Site, _machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Refuse an IPv6 address where the proxy ends TLS: it would not start with it."""
    host = site.address.hostname
    if site.tls.served == "https" and ":" in host:
        yield f"moodle_tls is {site.tls.mode} but the site's host is the IPv6 address {host}; give the site a host name."


def code_directory(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Live editing is for development."""
    if machine.code_directory and not site.development:
        yield (
            f"moodle_code_directory is {machine.code_directory!r} but moodle_environment is production; "
            "remove it, or set moodle_environment to development."
        )


def database_on_loopback(site: Site, _machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Refuse the machine's own loopback, which no container reaches."""
    host = site.database.host or ""
    if host == "localhost" or host.startswith("127."):
        yield (
            f"moodle_database_host is {host!r}, which inside a container is the container itself; give the machine's name or address "
            "in the network."
        )


def own_database_version(site: Site, _machine: Machine, around: Surroundings) -> t.Iterator[str]:
    """Refuse a version that the services image does not have. One that does not suit Moodle has a sentence of its own."""
    option, given = "moodle_database_version", site.database.version
    unsuitable = any(branches.wrong_postgresql(option, given, around.branches.get(site.branch)))
    if site.database.own and not unsuitable and int(given) != branches.POSTGRESQL:
        yield (
            f"{option} is {given!r}, but the site's own database is PostgreSQL {branches.POSTGRESQL}; "
            "remove the variable, or name an existing server in moodle_database_host."
        )


def plain_http(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Warn of passwords in clear text on the network."""
    if site.tls.mode == "none" and not machine.bind_address.startswith("127."):
        yield f"moodle_bind_address is {machine.bind_address} and moodle_tls is none: passwords travel unencrypted."


def url_port_differs(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Warn of an address that does not lead to the published port; port forwarding makes it right."""
    address = site.address
    if site.tls.mode == "external" or address.scheme not in DEFAULT_PORTS:
        return
    published = {"http": machine.http_port, "https": machine.https_port}[address.scheme]
    if address.port != published:
        yield f"moodle_url leads to port {address.port} but port {published} is published: something must forward it."


def acme_ports(site: Site, machine: Machine, _around: Surroundings) -> t.Iterator[str]:
    """Warn of ports that no certificate authority asks; port forwarding makes them right."""
    ports = (machine.http_port, machine.https_port)
    if site.tls.mode == "acme" and ports != ACME_PORTS:
        yield (
            f"moodle_tls is acme but ports {ports[0]} and {ports[1]} are published: no certificate comes unless something forwards "
            "ports 80 and 443 to them."
        )
