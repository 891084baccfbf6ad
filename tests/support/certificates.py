# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A certificate authority for one test run."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM


class Authority:
    """Writes NAME.crt and NAME.key to a folder; the first pair is its own, ca.crt and ca.key."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tools tier")])
        self._write("ca", self._key, self._name, [x509.BasicConstraints(ca=True, path_length=0)])
        self.ca_file = str(folder / "ca.crt")

    def server(self, name: str, hosts: t.Iterable[str], addresses: t.Iterable[str]) -> tuple[str, str]:
        """Write a certificate for a server and return the paths of certificate and key."""
        names = [*map(x509.DNSName, hosts), *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)]
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._write(name, ec.generate_private_key(ec.SECP256R1()), subject, [x509.SubjectAlternativeName(names), usage])

    def client(self, user: str, group: str) -> tuple[str, str]:
        """Write a certificate for a user of Kubernetes and return the paths of certificate and key."""
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), x509.NameAttribute(NameOID.COMMON_NAME, user)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._write(user, ec.generate_private_key(ec.SECP256R1()), subject, [usage])

    def _write(
        self, name: str, key: ec.EllipticCurvePrivateKey, subject: x509.Name, extensions: t.Iterable[x509.ExtensionType]
    ) -> tuple[str, str]:
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            certificate = certificate.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        paths = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        paths[0].write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
        return str(paths[0]), str(paths[1])
