# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a proof asks of the world: names, servers, certificates, disks and clocks. Nothing is changed, and no mail is sent."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import email.utils
import errno
import functools
import http.client
import os
import queue
import shutil
import smtplib
import socket
import ssl
import threading
import time
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._site.visitor import connection_to, reachable
from .._tool.process import Result, Run

SECONDS = 10
# The flag in the kernel's answer that says that nothing keeps its clock; the fields before it are a number, padding and three longs.
UNSYNCHRONISED = 0x40


@dataclasses.dataclass(frozen=True)
class Disk:
    """What is free and what there is, in bytes and in inodes; a file system that has no fixed number of inodes says 0."""

    free: int
    total: int
    inodes_free: int
    inodes: int


@dataclasses.dataclass(frozen=True)
class Greeting:
    """As what a mail server greets, and whether it offers STARTTLS."""

    words: str
    starttls: bool


@dataclasses.dataclass(frozen=True)
class Shown:
    """The certificate that a server shows: its names and when it ends, as far as it can be read; expired and mistrust say why not."""

    names: tuple[str, ...] = ()
    end: float = 0
    expired: str = ""
    mistrust: str = ""


T = t.TypeVar("T")


def in_time(call: t.Callable[[], T], path: str, seconds: float = SECONDS) -> T:
    """Return what a call says of a path; OSError where no answer comes, as of a file system whose server is gone.

    The call is then left to itself: nothing but the end of this program ends it.
    """
    answers: queue.SimpleQueue[tuple[t.Optional[T], t.Optional[BaseException]]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise OSError(errno.ETIMEDOUT, f"no answer came within {seconds:g} seconds", path) from None
    if error:
        raise error
    return t.cast("T", answer)


def ran(run: Run, command: list[str], what: str) -> Result:
    """Return what a program printed, which what names in a failure; ToolError where it fails or does not exist."""
    try:
        result = run(command, None)
    except OSError as error:
        raise ToolError(f"the program {command[0]} cannot be started on the machine: {error.strerror}") from error
    if result.rc != 0:
        raise ToolError(f"{what} ended with exit status {result.rc}: {(result.err or result.out).strip()[-300:]}")
    return result


class World:
    """The real one; tests have others."""

    def now(self) -> float:
        """Return the time of the machine."""
        return time.time()

    def read(self, path: str) -> str:
        """Return the content of a file."""
        return in_time(functools.partial(_content, path), path)

    def zone(self) -> str:
        """Return the name of the machine's time zone."""
        return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or time.tzname[0]

    def resolve(self, name: str) -> list[str]:
        """Return the addresses of a name; OSError where it has none."""
        return sorted({str(row[4][0]) for row in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})

    def is_here(self, address: str) -> bool:
        """Whether an address is one of this machine: only then something can listen there."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            return True
        return False

    def disk(self, path: str) -> Disk:
        """Return what is free where a path is, or would be."""
        return in_time(functools.partial(_disk, path), path)

    def greeting(self, host: str, port: int, security: str) -> Greeting:
        """Connect to a mail server and leave again; OSError or SMTPException where it does not answer as one."""
        # Without a name of its own, it would be looked up, which takes long where DNS is what is broken.
        words: dict[str, t.Any] = {"local_hostname": socket.gethostname() or "localhost", "timeout": SECONDS}
        # Whether the certificate is a good one, Moodle decides; here it is enough that it speaks TLS.
        server = smtplib.SMTP_SSL(host, port, context=_careless(), **words) if security == "ssl" else smtplib.SMTP(host, port, **words)
        try:
            server.ehlo_or_helo_if_needed()
            said = (server.ehlo_resp or server.helo_resp or b"").decode("utf-8", "replace")
            return Greeting(said.partition("\n")[0], server.has_extn("starttls"))
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def certificate(self, address: str, port: int, name: str) -> Shown:
        """Return what a server shows for a name; OSError where it speaks no TLS."""
        with _tls(address, port, name, _careless()) as first:
            shown = ssl.DER_cert_to_PEM_cert(first.getpeercert(binary_form=True) or b"")
        # The library reads only what it trusts, so for this question the certificate vouches for itself.
        itself = ssl.create_default_context(cadata=shown)
        itself.check_hostname = False
        itself.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
        mistrust, expired = "", ""
        try:
            with _tls(address, port, name, ssl.create_default_context()):
                pass
        except ssl.SSLCertVerificationError as error:
            mistrust = error.verify_message
        try:
            with _tls(address, port, name, itself) as second:
                read: t.Any = second.getpeercert() or {}
        except ssl.SSLCertVerificationError as error:
            return Shown(expired=error.verify_message, mistrust=mistrust)
        names = tuple(str(value).lower() for _kind, value in read.get("subjectAltName", ()))
        return Shown(names, ssl.cert_time_to_seconds(read["notAfter"]), expired, mistrust)

    def date(self, address: str, port: int, *, tls: bool, authority: str) -> t.Optional[float]:
        """Return the time that the site writes into its answers; OSError where there is no answer."""
        connection = connection_to(address, port, authority.partition(":")[0], tls=tls, timeout=SECONDS)
        try:
            connection.request("HEAD", "/", headers={"Host": authority, "User-Agent": "campus.moodle"})
            written = connection.getresponse().getheader("Date")
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        return email.utils.parsedate_to_datetime(written).timestamp() if written else None

    def synchronised(self) -> t.Optional[bool]:
        """Whether something keeps the kernel's clock right; None where the kernel does not tell. Only reads."""
        answer = ctypes.create_string_buffer(512)
        try:
            state = ctypes.CDLL(None).adjtimex(answer)
        except (OSError, AttributeError):
            return None
        if state < 0:
            return None
        word = ctypes.sizeof(ctypes.c_long)
        status = ctypes.c_int.from_buffer(answer, 5 * word).value
        return not status & UNSYNCHRONISED


def _content(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _disk(path: str) -> Disk:
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    usage, state = shutil.disk_usage(path), os.statvfs(path)
    return Disk(usage.free, usage.total, state.f_favail, state.f_files)


def _careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def _tls(address: str, port: int, name: str, context: ssl.SSLContext) -> t.Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection((reachable(address), port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        yield secured
