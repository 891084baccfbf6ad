# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Commands in containers, over a WebSocket.

The API server of this tier has no nodes, so nothing can run in a container there. A DOUBLE stands in for it: a small
WebSocket server, written here from RFC 6455 and from Kubernetes' description of its channels, with TLS and without.
That the real API server understands the same handshake is shown with a pod on a node where nothing listens.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import socket
import ssl
import struct
import threading
import typing as t
import urllib.parse

import pytest
from support.certificates import Authority

STDOUT, STDERR, ERROR, CLOSE = 1, 2, 3, 255
SUCCESS = {"kind": "Status", "status": "Success"}
GERMAN = "Grüße aus Köln\n".encode()


class Peer:
    """The server's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb")
        self.request = [line.decode().strip() for line in iter(self._file.readline, b"\r\n")]
        self.headers = dict(line.lower().split(": ", 1) for line in self.request[1:])
        self.query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.request[0].split()[1]).query)

    def refuse(self, status: int, message: str) -> None:
        """Answer like an API server that does not want to."""
        body = json.dumps({"kind": "Status", "status": "Failure", "message": message, "reason": "Forbidden"}).encode()
        self._sock.sendall(b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    def accept(self, protocol: str, key: str = "") -> None:
        """Agree to speak a protocol."""
        # The header's value keeps its case, unlike those in self.headers.
        key = key or next(line.split(": ", 1)[1] for line in self.request if line.lower().startswith("sec-websocket-key"))
        digest = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {digest}"]
        self._sock.sendall("\r\n".join([*lines, f"Sec-WebSocket-Protocol: {protocol}", "", ""]).encode())

    def frame(self, opcode: int, payload: bytes, *, final: bool = True) -> None:
        """Send a frame."""
        length = len(payload)
        size = bytes([length]) if length < 126 else struct.pack("!BH", 126, length) if length < 1 << 16 else struct.pack("!BQ", 127, length)
        self._sock.sendall(bytes([opcode | (0x80 if final else 0)]) + size + payload)

    def say(self, channel: int, payload: bytes) -> None:
        """Send something on a channel."""
        self.frame(2, bytes([channel]) + payload)

    def end(self, status: dict[str, t.Any] = SUCCESS) -> None:
        """Send the exit status and close."""
        self.say(ERROR, json.dumps(status).encode())
        self.frame(8, struct.pack("!H", 1000))

    def read(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame, which must be masked."""
        first, second = self._file.read(2)
        assert second & 0x80, "frames of a client are masked"
        length = second & 0x7F
        length = int.from_bytes(self._file.read({126: 2, 127: 8}[length]), "big") if length > 125 else length
        mask, payload = self._file.read(4), self._file.read(length)
        return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def cat(peer: Peer) -> None:
    """Repeat standard input until it ends."""
    peer.accept("v5.channel.k8s.io")
    while True:
        _opcode, payload = peer.read()
        if payload[0] == CLOSE:
            break
        peer.say(STDOUT, payload[1:])
    peer.end()


def outputs(peer: Peer) -> None:
    """Write to both outputs, with a character cut in two and a message in three frames, and end with status 3."""
    peer.accept("v5.channel.k8s.io")
    peer.say(STDOUT, b"")
    peer.say(STDOUT, GERMAN[:3])
    peer.say(STDERR, b"warning")
    peer.frame(2, bytes([STDOUT]) + GERMAN[3:5], final=False)
    peer.frame(9, b"are you there?")
    peer.frame(0, GERMAN[5:7], final=False)
    peer.frame(0, GERMAN[7:])
    assert peer.read() == (10, b"are you there?")
    causes = [{"reason": "ExitCode", "message": "3"}]
    peer.end({"kind": "Status", "status": "Failure", "reason": "NonZeroExitCode", "message": "exit 3", "details": {"causes": causes}})


def old(peer: Peer) -> None:
    """Speak only version 4."""
    assert "v4.channel.k8s.io" in peer.headers["sec-websocket-protocol"]
    peer.accept("v4.channel.k8s.io")
    # A client with something to say leaves here.
    with contextlib.suppress(ConnectionError):
        peer.say(STDOUT, b"ok")
        peer.end()


def large(peer: Peer) -> None:
    """Write more than fits into one read."""
    peer.accept("v5.channel.k8s.io")
    peer.say(STDOUT, b"x" * 3_000_000)
    peer.end()


def dies(peer: Peer) -> None:
    """Go away in the middle."""
    peer.accept("v5.channel.k8s.io")
    peer.say(STDOUT, b"half")


def sleeps(peer: Peer) -> None:
    """Say nothing until the client is gone."""
    peer.accept("v5.channel.k8s.io")
    assert not peer._file.read(1)


def stumbles(peer: Peer) -> None:
    """Fail before the command runs."""
    peer.accept("v5.channel.k8s.io")
    peer.end({"kind": "Status", "status": "Failure", "reason": "InternalError", "message": "no such file: nothere"})


def refuses(peer: Peer) -> None:
    """Forbid it."""
    message = 'pods "p" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "n"'
    peer.refuse(403, message)


def pretends(peer: Peer) -> None:
    """Agree without having read the key, as a cache would."""
    peer.accept("v5.channel.k8s.io", key="another")


SCRIPTS = {function.__name__: function for function in (cat, outputs, old, large, dies, sleeps, stumbles, refuses, pretends)}


@pytest.fixture(params=["http", "https"])
def client(request: pytest.FixtureRequest, kube: t.Any, tmp_path: pathlib.Path) -> t.Iterator[t.Any]:
    """A client of the double, which does what the command says. A failure inside the double fails the test."""
    from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from

    authority, context = Authority(tmp_path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("double", [], ["127.0.0.1"]))
    listener = socket.create_server(("127.0.0.1", 0))
    problems: list[BaseException] = []

    def serve() -> None:
        try:
            sock, _address = listener.accept()
            sock = context.wrap_socket(sock, server_side=True) if request.param == "https" else sock
            with sock:
                peer = Peer(sock)
                SCRIPTS[peer.query["command"][0]](peer)
        except (AssertionError, OSError) as problem:
            problems.append(problem)

    thread = threading.Thread(target=serve)
    thread.start()
    host = f"{request.param}://127.0.0.1:{listener.getsockname()[1]}"
    yield client_from({"host": host, "ca_cert": authority.ca_file, "api_key": "t"}, {})
    thread.join(timeout=60)
    listener.close()
    assert not problems and not thread.is_alive()


def test_standard_input_comes_back_whole(client: t.Any) -> None:
    text = "".join(f"line {number}\n" for number in range(40_000))
    assert client.exec("n", "p", ["cat"], stdin=text, timeout=60) == (0, text, "")


def test_empty_standard_input_ends_at_once(client: t.Any) -> None:
    assert client.exec("n", "p", ["cat"], stdin="", timeout=60) == (0, "", "")


def test_outputs_are_kept_apart_and_the_exit_status_is_the_commands(client: t.Any) -> None:
    assert client.exec("n", "p", ["outputs"], container="main", timeout=60) == (3, GERMAN.decode(), "warning")


def test_much_output_comes_whole(client: t.Any) -> None:
    assert len(client.exec("n", "p", ["large"], timeout=60).out) == 3_000_000


def test_an_older_server_is_good_enough_without_standard_input(client: t.Any) -> None:
    assert client.exec("n", "p", ["old"], timeout=60) == (0, "ok", "")


@pytest.mark.parametrize(
    ("command", "stdin", "error", "words"),
    [
        ("old", "text", "unsupported", "cannot end the standard input of a command; Kubernetes 1.30 or newer can"),
        ("dies", None, "exec_failed", "the connection ended before the command did"),
        ("sleeps", None, "timeout", "run sleeps in Pod p in namespace n: it did not end within 0.2 seconds"),
        ("stumbles", None, "exec_failed", "no such file: nothere"),
        ("refuses", None, "forbidden", "user jane may not create pods/exec in namespace n"),
        ("pretends", None, "unsupported", "not a WebSocket server"),
    ],
)
def test_what_cannot_run_says_why(client: t.Any, command: str, stdin: str | None, error: str, words: str) -> None:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

    with pytest.raises(KubeError, match=words) as caught:
        client.exec("n", "p", [command], stdin=stdin, timeout=0.2 if command == "sleeps" else 60)
    assert caught.value.error == error


@pytest.fixture
def pod(kube: t.Any, namespace: str) -> str:
    """A pod of the real API server on a node of its own, whose kubelet does not listen."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": namespace}}
    kube.apply(node)
    address = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    kube.patch("v1", "Node", namespace, {"status": address}, subresource="status")
    spec = {"nodeName": namespace, "containers": [{"name": "main", "image": "example.edu/web:1"}]}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": spec})
    return "web"


@pytest.mark.parametrize("stdin", [None, "text"])
def test_the_real_server_agrees_to_speak_and_reports_what_it_cannot_do(kube: t.Any, namespace: str, pod: str, stdin: str | None) -> None:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

    with pytest.raises(KubeError, match=r"127\.0\.0\.1:1/exec/.*connection refused") as caught:
        kube.exec(namespace, pod, ["ls"], stdin=stdin, timeout=30)
    assert caught.value.error == "exec_failed"


def test_a_pod_that_is_not_there_is_named_by_the_real_server(kube: t.Any, namespace: str) -> None:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

    with pytest.raises(KubeError, match=f"run ls in Pod web in namespace {namespace}.*not found") as caught:
        kube.exec(namespace, "web", ["ls"], timeout=30)
    assert caught.value.error == "not_found"


def test_the_log_of_a_pod_is_asked_for_at_its_node(kube: t.Any, namespace: str, pod: str) -> None:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

    with pytest.raises(KubeError, match=r"containerLogs/.*/web/main.*previous=true&tailLines=5.*connection refused"):
        kube.logs(namespace, pod, container="main", lines=5, previous=True)


def test_a_port_of_a_pod_is_asked_through_the_real_server(kube: t.Any, namespace: str, pod: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing. The API server refuses to ask a loopback address.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but the loopback one")
        address = probe.getsockname()[0]
    server = http.server.HTTPServer((address, 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    kube.patch("v1", "Pod", pod, {"status": status}, namespace=namespace, subresource="status")
    try:
        assert kube.proxy_get(namespace, pod, server.server_port, "/pg/status?full=1", scheme="http") == {"path": "/pg/status?full=1"}
    finally:
        server.shutdown()


class Answering(http.server.BaseHTTPRequestHandler):
    """A web server inside a pod."""

    def do_GET(self) -> None:
        """Answer with what was asked."""
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: t.Any) -> None:
        """Print nothing."""
