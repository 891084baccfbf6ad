# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Answers for pods where no pod runs: a server in front of the API server that answers status pages and commands itself.

Everything else goes through to the real API server as it is, watches included. Only where a test needs pods that answer.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import http.client
import http.server
import json
import re
import ssl
import struct
import threading
import typing as t
import urllib.parse

from support.kubernetes import ApiServer
from support.ports import LOOPBACK

_STATUS_PAGE = re.compile(r"/api/v1/namespaces/[^/]+/pods/https:([^/]+):8000/proxy/pg/status")
_EXEC = re.compile(r"/api/v1/namespaces/[^/]+/pods/([^/]+)/exec")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PROTOCOL = "v5.channel.k8s.io"
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclasses.dataclass
class Pods:
    """What pods answer: pages by pod, and commands as a function of pod, command and standard input to (rc, out, err)."""

    kubeconfig: str
    pages: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    run: t.Callable[[str, list[str], str], tuple[int, str, str]] = lambda pod, command, text: (0, "", "")
    asked: list[tuple[str, list[str], str]] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def pods_in_front_of(server: ApiServer) -> t.Iterator[Pods]:
    """Run the server in front for the time of a with statement. Its kubeconfig is what a module gets."""
    front = http.server.ThreadingHTTPServer((LOOPBACK, 0), _Handler)
    front.daemon_threads = True
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.server_cert, server.server_key)
    front.socket = context.wrap_socket(front.socket, server_side=True)
    pods = Pods(server.kubeconfig_for("admin", cluster={"server": f"https://{LOOPBACK}:{front.server_port}"}))
    front.pods, front.behind = pods, server  # type: ignore[attr-defined]
    thread = threading.Thread(target=front.serve_forever, daemon=True)
    thread.start()
    try:
        yield pods
    finally:
        front.shutdown()
        front.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer for a pod, or pass on."""
        address = urllib.parse.urlsplit(self.path)
        path, query = urllib.parse.unquote(address.path), address.query
        page, command = _STATUS_PAGE.fullmatch(path), _EXEC.fullmatch(path)
        if page:
            self._answer_page(page.group(1))
        elif command:
            options = urllib.parse.parse_qs(query)
            self._run_command(command.group(1), options["command"], with_input="stdin" in options)
        else:
            self._pass_on()

    def do_POST(self) -> None:
        """Pass on."""
        self._pass_on()

    do_PATCH = do_PUT = do_DELETE = do_POST

    @property
    def _pods(self) -> Pods:
        return t.cast(Pods, self.server.pods)  # type: ignore[attr-defined]

    def _answer_page(self, pod: str) -> None:
        page = self._pods.pages.get(pod)
        body = json.dumps(page or {"kind": "Status", "status": "Failure", "message": f"no endpoints for pod {pod}"}).encode()
        self.send_response(200 if page else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pass_on(self) -> None:
        """Send the request to the API server and its answer back piece by piece, since a watch does not end."""
        behind: ApiServer = self.server.behind  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPSConnection(LOOPBACK, behind.port, context=ssl.create_default_context(cafile=behind.ca_file))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {*_HOP, "host"}}
        with contextlib.closing(connection), contextlib.suppress(ConnectionError, ssl.SSLError):
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                data = answer.read1(65536)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                if not data:
                    return

    def _run_command(self, pod: str, command: list[str], *, with_input: bool) -> None:
        """Speak as much of the WebSocket protocol as a command needs."""
        accepted = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _GUID, usedforsecurity=False).digest())
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Protocol", _PROTOCOL)):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", accepted.decode())
        self.end_headers()
        text = b""
        while with_input:
            message = self._message()
            if not message or message[0] == 255:
                break
            text += message[1:]
        self._pods.asked.append((pod, command, text.decode()))
        rc, out, err = self._pods.run(pod, command, text.decode())
        causes = {"causes": [{"reason": "ExitCode", "message": str(rc)}]}
        end = {"status": "Failure", "reason": "NonZeroExitCode", "details": causes} if rc else {"status": "Success"}
        for channel, part in ((1, out), (2, err), (3, json.dumps(end))):
            self._frame(0x2, bytes([channel]) + part.encode())
        self._frame(0x8, struct.pack("!H", 1000))
        self.close_connection = True

    def _message(self) -> bytes:
        """Read one frame of a client, which is masked."""
        head = self.rfile.read(2)
        if len(head) < 2 or head[0] & 0x0F == 0x8:
            return b""
        length = head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(self.rfile.read(2 if length == 126 else 8), "big")
        mask, payload = self.rfile.read(4), self.rfile.read(length)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    def _frame(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        size = struct.pack("!B", length) if length < 126 else struct.pack("!BH", 126, length)
        self.wfile.write(bytes([0x80 | opcode]) + size + payload)
        self.wfile.flush()
