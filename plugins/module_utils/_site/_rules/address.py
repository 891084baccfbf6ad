# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about the address of a site: host name, URL and ports."""

from __future__ import annotations

import typing as t
import urllib.parse

from .. import types

Values = t.Mapping[str, t.Any]

# Port variables and when each is published on the machine.
PUBLISHED: dict[str, t.Callable[[Values], bool]] = {
    "moodle_http_port": lambda values: True,
    "moodle_https_port": lambda values: values["moodle_tls"] in ("certificate", "acme"),
    "moodle_database_host_port": lambda values: is_development(values) and not values["moodle_database_host"],
    "moodle_session_host_port": lambda values: is_development(values) and own_sessions(values),
    "moodle_mail_smtp_port": lambda values: bool(wants_catcher(values)),
    "moodle_mail_http_port": lambda values: bool(wants_catcher(values)),
}
PORTS = (*PUBLISHED, "moodle_database_port", "moodle_session_port", "moodle_cache_port", "moodle_smtp_port")
SCHEME_OF_TLS = {"none": "http", "certificate": "https", "acme": "https", "external": "https"}


def is_development(values: Values) -> bool:
    """Return whether the site is for development."""
    return values["moodle_environment"] == "development"


def own_sessions(values: Values) -> bool:
    """Return whether the site brings its own session store."""
    return values["moodle_session_store"] == "valkey" and not values["moodle_session_host"]


def wants_catcher(values: Values) -> bool:
    """Return whether the mail catcher is asked for: said so, or development and not said otherwise."""
    said = values["moodle_mail_catcher"]
    return is_development(values) if said is None else bool(said)


def host_of(values: Values) -> str:
    """Return the host name of the site, from the URL if there is one; empty when neither can be read."""
    if values["moodle_url"]:
        try:
            return urllib.parse.urlsplit(values["moodle_url"]).hostname or ""
        except ValueError:
            return ""
    return values["moodle_hostname"] or ""


def address_is_given(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Ask for an address."""
    if not values["moodle_hostname"] and not values["moodle_url"]:
        yield "moodle_hostname is missing; give the host name under which users reach the site, for example moodle.example.edu."


def hostname(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what is not a host name."""
    given = values["moodle_hostname"]
    if given and not types.is_hostname(given):
        yield (
            f"moodle_hostname is {given!r}, which is no host name; use letters, digits, hyphens and dots only, "
            "without a scheme, port or path."
        )
    if not types.is_address(values["moodle_bind_address"]):
        yield f"moodle_bind_address is {values['moodle_bind_address']!r}, which is no IP address; use for example 127.0.0.1 or 0.0.0.0."


def url(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what Moodle cannot take as wwwroot."""
    given = values["moodle_url"]
    if not given:
        return
    try:
        parts = urllib.parse.urlsplit(given)
        parts.port  # noqa: B018 - reading it is what raises ValueError for a bad port
    except ValueError:
        yield f"moodle_url is {given!r}, which is no address; use for example https://moodle.example.edu."
        return
    if parts.scheme not in ("http", "https") or not types.is_hostname(parts.hostname or ""):
        yield f"moodle_url is {given!r}, which is no address of a site; use for example https://moodle.example.edu."
        return
    if parts.username or parts.query or parts.fragment:
        yield f"moodle_url is {given!r}; remove the user name, the query or the fragment from it."
    if parts.path.strip("/"):
        yield f"moodle_url is {given!r}; a site lives at the root of its host name, so remove the path {parts.path!r}."
    if values["moodle_hostname"] and values["moodle_hostname"] != parts.hostname:
        yield (
            f"moodle_url is {given!r} but moodle_hostname is {values['moodle_hostname']!r}; "
            "give one of them only, or the same host name in both."
        )


def url_and_tls_agree(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse https without anything that serves it, and http where TLS is served."""
    scheme = (values["moodle_url"] or "").partition("://")[0]
    tls = values["moodle_tls"]
    if scheme == "https" and SCHEME_OF_TLS[tls] == "http":
        yield (
            f"moodle_url is {values['moodle_url']!r} but moodle_tls is none, so nothing would serve https; set moodle_tls to "
            "certificate (with moodle_tls_certificate and moodle_tls_private_key), acme (with moodle_acme_email), or external."
        )
    if scheme == "http" and SCHEME_OF_TLS[tls] == "https":
        yield f"moodle_url is {values['moodle_url']!r} but moodle_tls is {tls}; write https in moodle_url, or set moodle_tls to none."


def trusted_proxies(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what is no network."""
    for network in values["moodle_trusted_proxies"]:
        if not types.is_network(network):
            yield f"moodle_trusted_proxies has {network!r}, which is no network; write it in CIDR form, for example 10.0.0.0/8."


def ports(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse impossible ports, and one port of the machine used twice."""
    for option in PORTS:
        if not 1 <= values[option] <= 65535:
            yield f"{option} is {values[option]}; a port is a number from 1 to 65535."
    seen: dict[int, str] = {}
    for option in (name for name, published in PUBLISHED.items() if published(values)):
        port = values[option]
        if port in seen:
            yield f"{option} and {seen[port]} are both {port}; give each its own port of the machine."
        seen.setdefault(port, option)


def plain_http_for_everybody(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Warn of passwords in clear text on the network."""
    if values["moodle_tls"] == "none" and not values["moodle_bind_address"].startswith("127."):
        yield f"moodle_bind_address is {values['moodle_bind_address']} and moodle_tls is none: passwords travel unencrypted."


def url_port_differs(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Warn of an address that does not lead to the published port; port forwarding makes it right."""
    given = values["moodle_url"]
    if not given or values["moodle_tls"] == "external" or any(url(values, None)):
        return
    parts = urllib.parse.urlsplit(given)
    published = values["moodle_https_port" if parts.scheme == "https" else "moodle_http_port"]
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    if port != published:
        yield f"moodle_url leads to port {port} but port {published} is published: something must forward it."
