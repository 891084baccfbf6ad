# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The questions to the real world, against servers of the test's own."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import pathlib
import smtplib
import socket
import ssl
import threading
import time
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import World, in_time
from ansible_collections.campus.moodle.tests.unit.fakes.certificate_files import DAY, certificate_file, key_file
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.now(datetime.timezone.utc)


@contextlib.contextmanager
def serving(talk: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """Let talk have each connection; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def mail_server(greeting: str, *features: str) -> t.Callable[[socket.socket], None]:
    """Return what speaks SMTP as far as a greeting goes, and takes no mail."""

    def talk(connection: socket.socket) -> None:
        lines = connection.makefile("rw", encoding="latin-1", newline="\r\n")
        lines.write(f"{greeting}\n")
        lines.flush()
        for line in lines:
            if not line.upper().startswith(("EHLO", "QUIT")):
                return
            words = ["mail.example.edu", *features]
            answer = [f"250{'-' if word != words[-1] else ' '}{word}" for word in words] if line.upper().startswith("EHLO") else ["221 bye"]
            lines.write("".join(f"{row}\n" for row in answer))
            lines.flush()

    return talk


@pytest.mark.parametrize(("features", "offered"), [(("STARTTLS", "SIZE"), True), (("SIZE",), False)])
def test_a_mail_server_greets(features: tuple[str, ...], offered: bool) -> None:
    with serving(mail_server("220 mail.example.edu ESMTP", *features)) as port:
        greeting = World().greeting("127.0.0.1", port, "tls")
    assert (greeting.words, greeting.starttls) == ("mail.example.edu", offered)


def test_what_is_no_mail_server_is_told() -> None:
    with serving(mail_server("554 go away")) as port, pytest.raises(smtplib.SMTPConnectError):
        World().greeting("127.0.0.1", port, "tls")
    with serving(lambda connection: connection.close()) as port, pytest.raises((OSError, smtplib.SMTPException)):
        World().greeting("127.0.0.1", port, "none")
    with serving(mail_server("220 no TLS")) as port, pytest.raises((OSError, ssl.SSLError)):
        World().greeting("127.0.0.1", port, "ssl")
    with pytest.raises(ConnectionRefusedError):
        World().greeting("127.0.0.1", port, "none")


def with_certificate(folder: pathlib.Path, **dates: datetime.datetime) -> t.Callable[[socket.socket], None]:
    """Return what speaks TLS with a certificate for physics.example.edu."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "site.pem").write_bytes(certificate_file(key, "physics.example.edu", "*.physics.example.edu", **dates) + key_file(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    return talk


def test_a_certificate_is_read_though_nobody_vouches_for_it(tmp_path: pathlib.Path) -> None:
    end = (NOW + 30 * DAY).replace(microsecond=0)
    with serving(with_certificate(tmp_path, begin=NOW - DAY, end=end)) as port:
        shown = World().certificate("0.0.0.0", port, "physics.example.edu")
    assert (shown.names, shown.end) == (("physics.example.edu", "*.physics.example.edu"), end.timestamp())
    assert shown.mistrust
    assert not shown.expired


def test_a_certificate_that_has_ended_says_so(tmp_path: pathlib.Path) -> None:
    with serving(with_certificate(tmp_path, begin=NOW - 3 * DAY, end=NOW - DAY)) as port:
        assert "expired" in World().certificate("127.0.0.1", port, "physics.example.edu").expired


def test_what_speaks_no_tls_shows_no_certificate() -> None:
    with serving(mail_server("220 hello")) as port, pytest.raises(OSError):
        World().certificate("127.0.0.1", port, "physics.example.edu")


class Dated(http.server.BaseHTTPRequestHandler):
    """Answers with the date, as servers do, and keeps no log."""

    def do_HEAD(self) -> None:
        """Answer."""
        self.send_response(303 if self.headers["Host"] == "physics.example.edu:18080" else 400)
        self.end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""


def test_the_date_of_an_answer_is_read() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Dated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        before = int(time.time())
        date = World().date("0.0.0.0", server.server_port, tls=False, authority="physics.example.edu:18080")
        server.shutdown()
    assert date is not None
    assert before <= date <= time.time()


def test_addresses_of_this_machine_are_told_from_others() -> None:
    assert World().is_here("127.0.0.1")
    assert not World().is_here("192.0.2.1")
    assert not World().is_here("2001:db8::1")


def test_a_disk_is_that_of_the_next_directory_above(tmp_path: pathlib.Path) -> None:
    found = World().disk(str(tmp_path / "not" / "yet"))
    assert 0 < found.free <= found.total


def test_the_kernel_tells_whether_its_clock_is_kept() -> None:
    assert World().synchronised() in (True, False)
    assert World().zone()


def test_what_never_answers_is_not_waited_for() -> None:
    never = threading.Event()
    with pytest.raises(OSError, match=r"no answer came within 0\.01 seconds: '/backups'"):
        in_time(never.wait, "/backups", 0.01)
    never.set()
    assert in_time(lambda: 5, "/backups") == 5
    with pytest.raises(FileNotFoundError):
        World().read("/nowhere/at/all")
