# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Lines of an answer that comes bit by bit: out of chunks, cut anywhere, and with ticks while nothing comes."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.http import Transport
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.stream import Body, Lines, answer_on
from ansible_collections.campus.moodle.plugins.module_utils._kube.access import Access
from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient

CHUNKS = b"4\r\none\n\r\n3;x=y\r\ntwo\r\n1\r\n\n\r\n0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("announced", "data"),
    [
        ({"chunked": True}, CHUNKS),
        ({"chunked": False, "length": 8}, b"one\ntwo\n"),
        ({"chunked": False, "length": 7}, b"one\ntwo"),
    ],
    ids=["chunks", "length", "no line end"],
)
def test_lines_are_the_same_wherever_the_bytes_are_cut(announced: dict[str, t.Any], data: bytes, size: int) -> None:
    body = Body(**announced)
    found = [line for start in range(0, len(data), size) for line in body.feed(data[start : start + size])]
    assert [line for line in found if line] == [b"one", b"two"]
    assert body.ended


class Pair:
    """Two ends of a connection; what the far end sends is an answer."""

    def __init__(self, head: str = "Transfer-Encoding: chunked") -> None:
        self.near, self.far = socket.socketpair()
        self.far.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())

    def lines(self, **options: t.Any) -> Lines:
        """Return the lines at the near end."""
        return Lines(self.near, answer_on(self.near), **options)


def test_silence_gives_ticks_and_reading_goes_on_after_them() -> None:
    pair = Pair()
    # In the middle of a chunk.
    pair.far.sendall(b"4\r\no")
    lines = iter(pair.lines(patience=5, tick=0.02))
    assert [next(lines), next(lines)] == [b"", b""]
    pair.far.sendall(b"ne\n\r\n0\r\n\r\n")
    assert list(lines) == [b"one"]


def test_too_long_a_silence_is_an_error_with_ticks_and_without() -> None:
    for tick in (0.02, None):
        pair = Pair()
        with pytest.raises(socket.timeout):
            list(pair.lines(patience=0.1, tick=tick))


def test_an_answer_that_breaks_off_is_an_error() -> None:
    for head in ("Transfer-Encoding: chunked", "Content-Length: 9"):
        pair = Pair(head)
        pair.far.sendall(b"4\r\no")
        pair.far.close()
        with pytest.raises(ConnectionError, match="broke off"):
            list(pair.lines(patience=5))


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    pair = Pair("Connection: close")
    pair.far.sendall(b"one\ntwo")
    pair.far.close()
    assert list(pair.lines(patience=5)) == [b"one", b"two"]


def test_an_empty_answer_ends_at_once() -> None:
    assert list(Pair("Content-Length: 0").lines(patience=5)) == []


class WatchServer:
    """Answers one list and keeps one watch open, in which it sends what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.watch: t.Optional[socket.socket] = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _address = self._listener.accept()
            request = connection.recv(65536).decode().split("\r\n", 1)[0]
            self.asked.append("watch" if "watch=true" in request else "list")
            if "watch=true" in request:
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.watch = connection
                continue
            body = json.dumps({"metadata": {"resourceVersion": "5"}, "items": []}).encode()
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            connection.close()

    def send(self, event: str, obj: dict[str, t.Any]) -> None:
        """Send an event in the watch."""
        line = json.dumps({"type": event, "object": obj}).encode() + b"\n"
        assert self.watch
        self.watch.sendall(b"%x\r\n%s\r\n" % (len(line), line))


def test_ticks_of_a_watch_need_no_request() -> None:
    server = WatchServer()
    client = KubeClient(Transport(Access(server=server.url)))
    events = client.watch("v1", "ConfigMap", "n", timeout=30, tick=0.02)
    assert [event for event, _obj in itertools.islice(events, 5)] == ["TICK"] * 5
    server.send("ADDED", {"metadata": {"name": "a", "uid": "u", "resourceVersion": "6"}})
    assert next(obj for event, obj in events if event != "TICK")["metadata"]["name"] == "a"
    assert next(events)[0] == "TICK"
    assert server.asked == ["list", "watch"]
