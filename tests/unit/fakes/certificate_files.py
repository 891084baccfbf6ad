# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Certificates and keys in PEM form, made for a test: valid around NOW, for a name, unless said otherwise."""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

NOW = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def key_file(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    """Return a private key as a file."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def certificate_file(
    key: ec.EllipticCurvePrivateKey, *names: str, begin: datetime.datetime = NOW - DAY, end: datetime.datetime = NOW + DAY
) -> bytes:
    """Return a certificate that signs itself; names are host names or addresses."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ignored.example.edu")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def general_name(name: str) -> x509.GeneralName:
    """Return a name as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
FILES = {
    "cert.pem": certificate_file(KEY, "moodle.example.edu", "fd00::1"),
    "key.pem": key_file(KEY),
    "other-key.pem": key_file(OTHER_KEY),
    "locked-key.pem": key_file(KEY, b"open sesame"),
    "star.pem": certificate_file(KEY, "*.example.edu"),
    "chain.pem": certificate_file(KEY, "moodle.example.edu") + certificate_file(OTHER_KEY, "authority.example.edu"),
    "turned-chain.pem": certificate_file(OTHER_KEY, "moodle.example.edu") + certificate_file(KEY, "moodle.example.edu"),
    "no-names.pem": certificate_file(KEY),
    "other-host.pem": certificate_file(KEY, "law.example.edu", "192.0.2.1"),
    "expired.pem": certificate_file(KEY, "moodle.example.edu", begin=NOW - 9 * DAY, end=NOW - DAY),
    "early.pem": certificate_file(KEY, "moodle.example.edu", begin=NOW + DAY, end=NOW + 9 * DAY),
    "ca.pem": certificate_file(OTHER_KEY, "authority.example.edu"),
    "empty.pem": b"\n",
    "poem.pem": b"No key here.\n",
    "broken.pem": certificate_file(KEY, "moodle.example.edu")[:-120],
}
