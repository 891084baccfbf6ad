# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Commands in containers over a WebSocket (RFC 6455), as far as the API server's exec needs it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import select
import socket
import ssl
import struct
import time
import typing as t

from ..._tool.process import Result
from ..errors import KubeError
from .http import Response, Transport

# Only version 5 can end standard input while the output goes on.
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
CONTINUATION, BINARY, CLOSING, PING, PONG = 0x0, 0x2, 0x8, 0x9, 0xA
CHUNK = 32 * 1024
# Load balancers and proxies close connections on which nothing happens, and a command may be silent for long.
PING_SECONDS = 30
# So much of what a command has printed goes into the error when it does not end.
SHOWN = 2000
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frames:
    """Builds frames of a client, and takes frames of a server apart as their bytes come in."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._message = bytearray()

    @staticmethod
    def build(opcode: int, payload: bytes) -> bytes:
        """Return one masked frame."""
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        # As one large number: far quicker than byte by byte.
        whole = int.from_bytes((mask * (length // 4 + 1))[:length], "big") ^ int.from_bytes(payload, "big")
        return head + mask + whole.to_bytes(length, "big")

    def feed(self, data: bytes) -> t.Iterator[tuple[int, bytes]]:
        """Yield each message that is complete now, as opcode and payload."""
        self._bytes += data
        while True:
            frame = self._next()
            if frame is None:
                return
            final, opcode, payload = frame
            if opcode >= CLOSING:
                yield opcode, payload
                continue
            self._message += payload
            if final:
                yield BINARY, bytes(self._message)
                self._message.clear()

    def _next(self) -> t.Optional[tuple[bool, int, bytes]]:
        if len(self._bytes) < 2:
            return None
        first, length, start = self._bytes[0], self._bytes[1] & 0x7F, 2
        extended = {126: 2, 127: 8}.get(length, 0)
        if extended:
            start += extended
            if len(self._bytes) < start:
                return None
            length = int.from_bytes(self._bytes[2:start], "big")
        if len(self._bytes) < start + length:
            return None
        payload = bytes(self._bytes[start : start + length])
        del self._bytes[: start + length]
        return bool(first & 0x80), first & 0x0F, payload


def run_command(
    transport: Transport,
    path: str,
    attempt: str,
    *,
    stdin: str | bytes | None,
    timeout: t.Optional[float],
    refusal: t.Callable[[str, Response], KubeError],
) -> Result:
    """Run the command that path names and return its output and exit status. A timeout of None is no limit."""
    key = base64.b64encode(os.urandom(16))
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
        "Sec-WebSocket-Protocol": ", ".join(PROTOCOLS),
    }
    response, sock = transport.upgrade(path, headers)
    if sock is None:
        raise refusal(attempt, response)
    try:
        _check_handshake(response, key, attempt, with_input=stdin is not None)
        text = stdin.encode() if isinstance(stdin, str) else stdin
        channels = _talk(sock, text, attempt, timeout)
    finally:
        sock.close()
    return Result(exit_status(bytes(channels[ERROR]), attempt), *_outputs(channels))


def _check_handshake(response: Response, key: bytes, attempt: str, *, with_input: bool) -> None:
    expected = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()).decode()
    protocol = response.headers.get("sec-websocket-protocol", "")
    problem = ""
    if response.headers.get("sec-websocket-accept") != expected:
        problem = "what answered is not a WebSocket server, perhaps a proxy"
    elif protocol not in PROTOCOLS:
        problem = f"the API server speaks {protocol or 'no protocol'}, which is not known"
    elif with_input and protocol != PROTOCOLS[0]:
        problem = f"the API server speaks {protocol}, which cannot end the standard input of a command; Kubernetes 1.30 or newer can"
    if problem:
        raise KubeError(f"Cannot {attempt}: {problem}.", error="unsupported")


def exit_status(body: bytes, attempt: str) -> int:
    """Read the exit status from the content of the error channel."""
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == "NonZeroExitCode":
        causes = (status.get("details") or {}).get("causes") or []
        return int(next(row["message"] for row in causes if row.get("reason") == "ExitCode"))
    reason = status.get("message") or "the connection ended before the command did"
    raise KubeError(f"Cannot {attempt}: {reason.rstrip('.')}.", error="exec_failed")


def _talk(sock: socket.socket, stdin: t.Optional[bytes], attempt: str, timeout: t.Optional[float]) -> dict[int, bytearray]:
    """Send standard input and collect what comes back, both at once, since either side may wait for the other."""
    frames, channels = Frames(), {STDOUT: bytearray(), STDERR: bytearray(), ERROR: bytearray()}
    outgoing = _input_frames(stdin)
    pending, now = b"", time.monotonic()
    deadline, next_ping = math.inf if timeout is None else now + timeout, now + PING_SECONDS
    sock.setblocking(False)
    while True:
        pending, now = pending or next(outgoing, b""), time.monotonic()
        if now >= deadline:
            out, err = (text[-SHOWN:] for text in _outputs(channels))
            msg = f"Cannot {attempt}: it did not end within {timeout:g} seconds."
            raise KubeError(msg, error="timeout", timed_out=True, stdout=out, stderr=err)
        if now >= next_ping:
            pending, next_ping = pending + Frames.build(PING, b""), now + PING_SECONDS
        if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            select.select([sock], [sock] if pending else [], [], min(deadline, next_ping) - now)
        data = _receive(sock)
        if data == b"":
            return channels
        for opcode, payload in frames.feed(data or b""):
            if opcode == CLOSING:
                return channels
            if opcode == PING:
                pending += Frames.build(PONG, payload)
            elif opcode == BINARY and payload and payload[0] in channels:
                channels[payload[0]] += payload[1:]
        pending = _send(sock, pending)


def _outputs(channels: t.Mapping[int, bytearray]) -> tuple[str, str]:
    out, err = (bytes(channels[number]).decode("utf-8", "replace") for number in (STDOUT, STDERR))
    return out, err


def _input_frames(stdin: t.Optional[bytes]) -> t.Iterator[bytes]:
    if stdin is None:
        return
    for start in range(0, len(stdin), CHUNK):
        yield Frames.build(BINARY, bytes([STDIN]) + stdin[start : start + CHUNK])
    yield Frames.build(BINARY, bytes([CLOSE, STDIN]))


def _receive(sock: socket.socket) -> t.Optional[bytes]:
    """Return what is there, None when there is nothing yet, and no bytes when the other side is done."""
    try:
        return sock.recv(CHUNK)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None
    except (ConnectionError, ssl.SSLEOFError):
        return b""


def _send(sock: socket.socket, data: bytes) -> bytes:
    """Send as much as goes through now and return the rest."""
    try:
        return data[sock.send(data) :] if data else b""
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return data
    except (ConnectionError, ssl.SSLEOFError):
        # The command ended without reading everything; its output is still to be read.
        return b""
