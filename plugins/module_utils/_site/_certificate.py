# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Looks into certificates and keys in PEM form before a proxy or a database client has to.

Runs on the control node, where ansible-core brings the library cryptography along; it is imported where it is used, because the
rest of the description needs none. Every function either returns something or raises ValueError whose text completes the
sentence "<variable> is <path>, ...".
"""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import typing as t


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What matters of one certificate: the names it is for, when it is valid, and its public key."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    begin: datetime.datetime
    end: datetime.datetime
    public_key: bytes = dataclasses.field(repr=False)

    def covers(self, host: str) -> bool:
        """Whether a browser takes the certificate for this host. A star stands for one label, and browsers look at no common name."""
        try:
            return str(ipaddress.ip_address(host)) in self.addresses
        except ValueError:
            host = host.lower()
        return host in self.names or f"*.{host.partition('.')[2]}" in self.names


def read_certificate(content: bytes) -> Certificate:
    """Return the first certificate of a PEM file, the site's own in a chain. All of them have to be readable."""
    from cryptography import x509

    try:
        first = x509.load_pem_x509_certificates(content)[0]
    except ValueError as error:
        raise ValueError("which holds no certificate in PEM form; it has to begin with -----BEGIN CERTIFICATE-----") from error
    try:
        alternatives = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternatives = x509.SubjectAlternativeName([])
    return Certificate(
        names=tuple(name.lower() for name in alternatives.get_values_for_type(x509.DNSName)),
        addresses=tuple(str(address) for address in alternatives.get_values_for_type(x509.IPAddress)),
        # Library versions before 42 know these times without a zone only; they are UTC.
        begin=_in_utc(first, "not_valid_before"),
        end=_in_utc(first, "not_valid_after"),
        public_key=_public_bytes(first.public_key()),
    )


def read_public_key(content: bytes) -> bytes:
    """Return the public half of a private key in PEM form."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return _public_bytes(load_pem_private_key(content, password=None).public_key())
    except TypeError as error:
        raise ValueError("which is protected by a passphrase; the proxy starts unattended, so give the key without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("which holds no private key in PEM form; it has to begin with -----BEGIN PRIVATE KEY-----") from error


def _in_utc(certificate: t.Any, name: str) -> datetime.datetime:
    aware = getattr(certificate, f"{name}_utc", None)
    return aware or getattr(certificate, name).replace(tzinfo=datetime.timezone.utc)


def _public_bytes(key: t.Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
