# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Reading an answer while it comes, line by line, and without losing sight of the time while nothing comes.

http.client cannot go on reading after a timeout, so the body is taken from the socket and out of its chunks here.
"""

from __future__ import annotations

import http.client
import socket
import typing as t

SIZE = 64 * 1024


class Unbuffered:
    """A socket for http.client whose reader takes no more than was requested, so that what follows the headers is not lost."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> t.Any:
        """Return the reader."""
        return self._sock.makefile("rb", 0)


def answer_on(sock: socket.socket) -> http.client.HTTPResponse:
    """Read status and headers of an answer and leave everything behind them in the socket."""
    answer = http.client.HTTPResponse(Unbuffered(sock), method="GET")  # type: ignore[arg-type]
    answer.begin()
    return answer


class Body:
    """Takes the lines of a body out of its bytes as they come in. length is the size that was announced, None for none."""

    def __init__(self, *, chunked: bool, length: t.Optional[int] = None) -> None:
        self._chunked = chunked
        self._length = length
        self._raw = b""
        self._text = b""
        self.ended = length == 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now; at the end of the body also a last one without a line end."""
        self._raw += data
        self._text += self._chunks() if self._chunked else self._plain()
        *lines, self._text = self._text.split(b"\n")
        if self.ended and self._text:
            lines.append(self._text)
        return lines

    def finish(self) -> None:
        """Note that the connection was closed, which ends a body properly only when nothing else marks its end."""
        if self._chunked or self._length is not None:
            raise ConnectionError("the answer broke off")
        self.ended = True

    def _plain(self) -> bytes:
        taken, self._raw = self._raw, b""
        if self._length is not None:
            self._length -= len(taken)
            self.ended = self._length <= 0
        return taken

    def _chunks(self) -> bytes:
        """Return what is in the chunks that are complete."""
        found = []
        while not self.ended:
            head, mark, rest = self._raw.partition(b"\r\n")
            size = int(head.split(b";")[0], 16) if mark else 0
            if not mark or len(rest) < size + 2:
                break
            found.append(rest[:size])
            self._raw = rest[size + 2 :]
            self.ended = size == 0
        return b"".join(found)


class Lines:
    """The lines of an answer. With tick, an empty one comes after each tick seconds of silence, for callers that watch a clock.

    patience is the longest silence in seconds; then, and when the connection breaks, OSError is raised.
    """

    def __init__(self, sock: socket.socket, answer: http.client.HTTPResponse, *, patience: float, tick: t.Optional[float] = None) -> None:
        self.status = answer.status
        self._sock = sock
        self._patience = patience
        self._tick = min(tick or patience, patience)
        # Content-Length is known to http.client only where there are no chunks.
        self._body = Body(chunked=bool(answer.chunked), length=answer.length)

    def __iter__(self) -> t.Iterator[bytes]:
        """Yield each line when it is there."""
        self._sock.settimeout(self._tick)
        silent = 0.0
        while not self._body.ended:
            try:
                data = self._sock.recv(SIZE)
            except socket.timeout:
                silent += self._tick
                if silent >= self._patience:
                    raise
                yield b""
                continue
            if not data:
                self._body.finish()
            silent = 0.0
            yield from filter(None, self._body.feed(data))
