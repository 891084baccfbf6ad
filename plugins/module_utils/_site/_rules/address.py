# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about the address of a site and about TLS: what browsers would refuse is refused here."""

from __future__ import annotations

import typing as t

from .. import _certificate as certificates
from ..address import Address
from ..forms import content_of
from ..model import Site
from ..surroundings import Surroundings


def address_is_given(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Ask for an address."""
    if not site.address.url:
        yield "moodle_hostname is missing; give the host name under which users reach the site, for example moodle.example.edu."


def one_host_name(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse two different host names."""
    given, hostname = site.address.url, site.address.hostname
    if Address.of(given).hostname != hostname:
        yield (f"moodle_url is {given!r} but moodle_hostname is {hostname!r}; give one of them only, or the same host name in both.")


def scheme_and_tls(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse https without anything that serves it, and http where TLS is served."""
    given, mode = site.address.url, site.tls.mode
    if site.address.scheme == "https" and site.tls.seen == "http":
        yield (
            f"moodle_url is {given!r} but moodle_tls is none, so nothing would serve https; set moodle_tls to "
            "certificate (with moodle_tls_certificate and moodle_tls_private_key), acme (with moodle_acme_email), or external."
        )
    if site.address.scheme == "http" and site.tls.seen == "https":
        yield f"moodle_url is {given!r} but moodle_tls is {mode}; write https in moodle_url, or set moodle_tls to none."


def certificate(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Ask for both files of a certificate."""
    if site.tls.mode != "certificate":
        return
    for option, file in (("moodle_tls_certificate", site.tls.certificate), ("moodle_tls_private_key", site.tls.private_key)):
        if not file:
            yield f"moodle_tls is certificate but {option} is missing; name the PEM file on the control node."


def usable_pair(site: Site, around: Surroundings) -> t.Iterator[str]:
    """Refuse a certificate that fits neither its key, nor the time, nor the site."""
    file, key = site.tls.certificate, site.tls.private_key
    if site.tls.mode != "certificate" or not file:
        return
    found = content_of(file.path, around, certificates.read_certificate)
    if key and found.public_key != content_of(key.path, around, certificates.read_public_key):
        yield (
            f"moodle_tls_private_key is {key.given!r}, which is not the key of the first certificate in {file.given!r}; "
            "give the two of one pair."
        )
    is_file, host = f"moodle_tls_certificate is {file.given!r}", site.address.hostname
    if around.now > found.end:
        yield f"{is_file}, which expired on {found.end:%Y-%m-%d %H:%M} UTC; renew it."
    if around.now < found.begin:
        yield f"{is_file}, which is not valid before {found.begin:%Y-%m-%d %H:%M} UTC; wait, or correct the clock."
    if host and not found.covers(host):
        covered = ", ".join((*found.names, *found.addresses)) or "no name at all"
        yield f"{is_file}, which is for {covered}, not for {host}; give the certificate of this site."
