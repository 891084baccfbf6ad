# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is needed to reach an API server: its address, whom to trust, as whom to act."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import tempfile
import typing as t

from .errors import KubeError


class Pem(t.NamedTuple):
    """A certificate or key: a file, or its text."""

    path: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.path or self.text)


NOTHING = Pem()


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach an API server, and as whom. renew returns another Authorization header when the first is refused."""

    server: str
    namespace: str = "default"
    ca: Pem = NOTHING
    verify: bool = True
    server_name: str = ""
    certificate: Pem = NOTHING
    key: Pem = NOTHING
    authorization: str = ""
    renew: t.Optional[t.Callable[[], str]] = None
    proxy: str = ""
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    groups: tuple[str, ...] = ()

    @property
    def refused(self) -> str:
        """What is wrong when the server answers 401."""
        if self.authorization.startswith("Bearer"):
            return "the token is expired or wrong"
        if self.authorization:
            return "the user name or the password is wrong"
        return "the client certificate is expired or of another cluster" if self.certificate else "no credentials were given"


def tls_context(access: Access) -> ssl.SSLContext:
    """Return the TLS settings. Text of a certificate or key is in a file, mode 0600, only while it is read."""
    ca = access.ca if access.verify else NOTHING
    try:
        # The authorities of the system are trusted only where no other is given.
        context = ssl.create_default_context(cafile=ca.path or None, cadata=ca.text or None)
        # Python 3.13 requires extensions that the authorities of many clusters do not have, and kubectl does not require.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not access.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if access.certificate:
            with _as_file(access.certificate) as certificate, _as_file(access.key) as key:
                # An empty password, since OpenSSL prompts on the terminal when there is none at all.
                context.load_cert_chain(certificate, key or None, password="")
    except OSError as error:
        what = access.certificate.path or access.ca.path or "in the kubeconfig"
        reason = getattr(error, "reason", None) or error.strerror or error
        msg = f"Cannot use the certificates for the API server at {access.server} ({what}): {reason}."
        raise KubeError(msg, error="bad_credentials") from error
    return context


@contextlib.contextmanager
def _as_file(pem: Pem) -> t.Iterator[str]:
    if not pem.text:
        yield pem.path
        return
    with tempfile.NamedTemporaryFile("w", encoding="ascii", prefix="campus-moodle-") as file:
        file.write(pem.text)
        file.flush()
        yield file.name
