# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Frames of a WebSocket, with the examples of RFC 6455, and exit statuses. Whole conversations are in the tools tier."""

from __future__ import annotations

import json
import socket
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport import websocket as _kube_websocket
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.websocket import BINARY, CLOSING, PING, Frames, exit_status
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError


def test_a_frame_is_built_as_the_standard_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kube_websocket.os, "urandom", lambda _size: bytes.fromhex("37fa213d"))
    assert Frames.build(1, b"Hello") == bytes.fromhex("818537fa213d7f9f4d5158")
    assert Frames.build(BINARY, b"") == bytes.fromhex("828037fa213d")


@pytest.mark.parametrize(("size", "head"), [(125, "82fd"), (126, "82fe007e"), (65535, "82feffff"), (65536, "82ff0000000000010000")])
def test_the_length_takes_as_much_room_as_it_needs(size: int, head: str) -> None:
    frame = Frames.build(BINARY, b"x" * size)
    assert frame.startswith(bytes.fromhex(head))
    assert len(frame) == len(head) // 2 + 4 + size


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        ("820548656c6c6f", [(BINARY, b"Hello")]),
        # In two frames, with a ping between them.
        ("020348656c 890548656c6c6f 80026c6f", [(PING, b"Hello"), (BINARY, b"Hello")]),
        ("827e0100" + "aa" * 256, [(BINARY, b"\xaa" * 256)]),
        ("827f0000000000010000" + "bb" * 65536, [(BINARY, b"\xbb" * 65536)]),
        ("880203e8", [(CLOSING, b"\x03\xe8")]),
        ("8200", [(BINARY, b"")]),
    ],
)
def test_frames_are_taken_apart_however_their_bytes_come(data: str, messages: list[tuple[int, bytes]]) -> None:
    raw = bytes.fromhex(data)
    for step in (len(raw), 1, 3):
        frames = Frames()
        assert [message for start in range(0, len(raw), step) for message in frames.feed(raw[start : start + step])] == messages
        if len(raw) > 1000:
            break


def status(reason: str, message: str, **details: t.Any) -> bytes:
    """Return what the error channel says about a failure."""
    return json.dumps({"status": "Failure", "reason": reason, "message": message, "details": details}).encode()


def test_the_exit_status_is_read() -> None:
    assert exit_status(b'{"status": "Success"}', "run x") == 0
    causes = [{"reason": "Other", "message": "x"}, {"reason": "ExitCode", "message": "137"}]
    assert exit_status(status("NonZeroExitCode", "command terminated", causes=causes), "run x") == 137


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Cannot run x: the connection ended before the command did."),
        (b"not json", "the connection ended before"),
        (status("InternalError", "container not found."), r"Cannot run x: container not found\.$"),
    ],
)
def test_a_command_without_exit_status_is_an_error(body: bytes, words: str) -> None:
    with pytest.raises(KubeError, match=words):
        exit_status(body, "run x")


def converse(server: t.Callable[[socket.socket], None], *, timeout: t.Optional[float]) -> t.Any:
    """Talk to a server at the other end of a socket about a command without standard input."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=server, args=(theirs,))
        thread.start()
        try:
            return _kube_websocket._talk(ours, None, "run it", timeout)
        finally:
            thread.join(timeout=60)


def test_a_silent_command_is_kept_alive_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kube_websocket, "PING_SECONDS", 0.02)
    seen: list[int] = []

    def server(sock: socket.socket) -> None:
        while seen.count(0x80 | PING) < 3:
            # A frame without content: two bytes of head, four of mask.
            seen.append(sock.recv(6, socket.MSG_WAITALL)[0])
        sock.sendall(bytes([0x80 | BINARY, 3, 1]) + b"ok" + bytes([0x80 | CLOSING, 0]))

    channels = converse(server, timeout=None)
    assert (bytes(channels[1]), set(seen)) == (b"ok", {0x80 | PING})


def test_a_command_that_does_not_end_is_an_error_with_what_it_has_printed() -> None:
    def server(sock: socket.socket) -> None:
        sock.sendall(bytes([0x80 | BINARY, 5, 2]) + b"half")

    with pytest.raises(KubeError, match=r"Cannot run it: it did not end within 0\.2 seconds") as caught:
        converse(server, timeout=0.2)
    assert {name: caught.value.details[name] for name in ("error", "timed_out", "stdout", "stderr")} == {
        "error": "timeout",
        "timed_out": True,
        "stdout": "",
        "stderr": "half",
    }
