# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A key for a restic repository of the tests that opens at once.

restic makes a key so hard that each opening takes half a second of processor time, and has no option for less. The tests open
repositories more than a thousand times. Everything else of the repository is as restic made it, and restic reads the new key as any
other. The form of a key file is in restic's references: https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import typing as t

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

if t.TYPE_CHECKING:
    import pathlib

# What scrypt is given: less than a thousandth of the work that restic chooses for itself; it takes such a key too.
LIGHT = {"N": 1024, "r": 1, "p": 1}
NONCE = 16
TAG = 16


def lighten(repository: pathlib.Path, password: str) -> None:
    """Replace the only key of a repository in a folder by one with the same password that takes no time to open."""
    (old,) = (repository / "keys").iterdir()
    key = json.loads(old.read_bytes())
    master = _open(_derived(password, key), base64.b64decode(key["data"]))
    key |= {**LIGHT, "salt": base64.b64encode(secrets.token_bytes(64)).decode()}
    key["data"] = base64.b64encode(_sealed(_derived(password, key), master)).decode()
    content = json.dumps(key).encode()
    new = old.with_name(hashlib.sha256(content).hexdigest())
    new.write_bytes(content)
    old.unlink()


def _derived(password: str, key: t.Mapping[str, t.Any]) -> bytes:
    """32 bytes for AES, 16 for the key and 16 for the mask of the authentication."""
    numbers = {"n": key["N"], "r": key["r"], "p": key["p"]}
    return hashlib.scrypt(password.encode(), salt=base64.b64decode(key["salt"]), dklen=64, maxmem=1 << 28, **numbers)


def _tag(derived: bytes, nonce: bytes, ciphertext: bytes) -> Poly1305:
    mask = Cipher(algorithms.AES(derived[32:48]), modes.ECB()).encryptor().update(nonce)
    tag = Poly1305(derived[48:] + mask)
    tag.update(ciphertext)
    return tag


def _open(derived: bytes, data: bytes) -> bytes:
    nonce, ciphertext = data[:NONCE], data[NONCE:-TAG]
    try:
        _tag(derived, nonce, ciphertext).verify(data[-TAG:])
    except InvalidSignature as error:
        message = "the password does not open this key"
        raise ValueError(message) from error
    return Cipher(algorithms.AES(derived[:32]), modes.CTR(nonce)).decryptor().update(ciphertext)


def _sealed(derived: bytes, plain: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    ciphertext = Cipher(algorithms.AES(derived[:32]), modes.CTR(nonce)).encryptor().update(plain)
    return nonce + ciphertext + _tag(derived, nonce, ciphertext).finalize()
