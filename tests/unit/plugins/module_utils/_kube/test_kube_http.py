# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The connection to an API server: what is sent again, what is not, and how. A small web server answers as each test says."""

from __future__ import annotations

import http.server
import itertools
import json
import socket
import threading
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.http import Transport
from ansible_collections.campus.moodle.plugins.module_utils._kube.access import Access
from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

CUT = "cut"
Answer = t.Union[str, tuple[int, bytes], tuple[int, bytes, dict[str, str]]]
OK: Answer = (200, b"{}")


class Server(http.server.ThreadingHTTPServer):
    """Gives the answers in order, the last one for ever, and remembers what was asked and over how many connections."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = itertools.chain(answers, itertools.repeat(answers[-1]))
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        """Count."""
        super().setup()
        self.server.connections += 1

    def answer(self) -> None:
        """Answer any verb."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        answer = next(self.server.answers)
        if isinstance(answer, str):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(answer[0])
        for name, value in (answer[2] if len(answer) > 2 else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    do_GET = do_POST = do_PATCH = do_DELETE = do_CONNECT = answer

    def log_message(self, *_words: t.Any) -> None:
        """Print nothing."""


class Clock:
    """Time that passes only during sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def serve(clock: Clock) -> t.Iterator[t.Callable[..., tuple[Server, Transport]]]:
    """serve(answer, ...) starts a server and returns it with a transport to it."""
    servers: list[Server] = []

    def start(*answers: Answer, **access: t.Any) -> tuple[Server, Transport]:
        servers.append(Server(*answers))
        options = {"server": servers[-1].url, "authorization": "Bearer t", **access}
        return servers[-1], Transport(Access(**options), budget=20, sleep=clock.sleep, clock=clock)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_one_connection_serves_all_requests(serve: t.Any) -> None:
    server, transport = serve(OK)
    for method in ("GET", "PATCH", "POST", "DELETE"):
        assert transport.request(method, "/x?a=b", body=b"{}" if method != "GET" else None).status == 200
    assert server.connections == 1
    assert {headers["Authorization"] for _method, _path, headers in server.asked} == {"Bearer t"}


def test_the_path_of_the_address_stays_in_front_and_identities_are_sent(serve: t.Any) -> None:
    server = Server(OK)
    access = Access(server=f"{server.url}/k8s/c-1", headers={"Impersonate-User": "jane"}, groups=("a", "b"))
    Transport(access).request("GET", "/version")
    (asked,) = server.asked
    server.shutdown()
    server.server_close()
    assert asked[1] == "/k8s/c-1/version"
    assert asked[2]["Impersonate-User"] == "jane"
    assert "Authorization" not in asked[2]


BUSY, LATER = (503, b"busy"), (429, b"", {"Retry-After": "3"})
WEBHOOK = (500, b'{"message": "failed calling webhook \\"v.example.edu\\": connection refused"}')


@pytest.mark.parametrize(
    ("method", "repeatable", "answers", "status", "requests"),
    [
        ("GET", None, [BUSY, BUSY, OK], 200, 3),
        ("POST", None, [LATER, OK], 200, 2),
        ("POST", None, [BUSY, OK], 200, 2),
        ("POST", None, [WEBHOOK, OK], 200, 2),
        ("PATCH", True, [(504, b""), OK], 200, 2),
        ("POST", None, [(504, b""), OK], 504, 1),
        ("GET", None, [(500, b"etcdserver: leader changed"), OK], 200, 2),
        ("POST", None, [(500, b"etcdserver: leader changed"), OK], 500, 1),
        ("GET", None, [(500, b"nil pointer"), OK], 500, 1),
        ("GET", None, [CUT, OK], 200, 2),
        ("PATCH", True, [CUT, CUT, OK], 200, 3),
        ("GET", None, [(404, b"")], 404, 1),
        ("GET", None, [(409, b"")], 409, 1),
    ],
)
def test_what_a_second_try_can_heal_is_tried_again(
    serve: t.Any, method: str, repeatable: bool | None, answers: list[Answer], status: int, requests: int
) -> None:
    server, transport = serve(*answers)
    assert transport.request(method, "/x", repeatable=repeatable).status == status
    assert len(server.asked) == requests


def test_a_request_that_must_not_be_sent_twice_is_not(serve: t.Any) -> None:
    server, transport = serve(CUT, OK)
    with pytest.raises(KubeError, match="may have been carried out or not") as caught:
        transport.request("POST", "/x", body=b"{}")
    assert (caught.value.error, len(server.asked)) == ("unreachable", 1)


def test_the_server_says_how_long_to_wait(serve: t.Any, clock: Clock) -> None:
    _server, transport = serve(LATER, OK)
    transport.request("GET", "/x")
    assert clock.pauses == [3.0]


def test_the_time_for_a_request_is_limited_and_pauses_grow(serve: t.Any, clock: Clock) -> None:
    _server, transport = serve(BUSY)
    assert transport.request("GET", "/x").status == 503
    assert clock.now < 20
    assert all(0 <= pause <= 5 for pause in clock.pauses)


def test_an_impatient_caller_gets_the_first_answer(serve: t.Any) -> None:
    server, transport = serve(BUSY, OK)
    assert transport.request("GET", "/x", patient=False).status == 503
    assert len(server.asked) == 1


def test_a_kept_connection_is_not_used_for_what_cannot_be_repeated_when_it_may_be_stale(serve: t.Any, clock: Clock) -> None:
    server, transport = serve(OK)
    transport.request("GET", "/x")
    clock.now += 5
    transport.request("POST", "/x", body=b"{}")
    assert server.connections == 2


def test_a_refused_token_is_renewed_once(serve: t.Any) -> None:
    server, transport = serve((401, b""), OK, (401, b""), renew=lambda: "Bearer new")
    assert transport.request("GET", "/x").status == 200
    assert [headers["Authorization"] for _method, _path, headers in server.asked] == ["Bearer t", "Bearer new"]
    assert transport.request("GET", "/x").status == 401


def test_a_server_that_does_not_listen_is_reported_after_three_tries(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    transport = Transport(Access(server=f"http://127.0.0.1:{port}"), sleep=clock.sleep, clock=clock)
    with pytest.raises(KubeError, match=f"Cannot reach the API server at http://127.0.0.1:{port}: Connection refused"):
        transport.request("POST", "/x")
    assert len(clock.pauses) == 2


def test_a_proxy_is_asked_to_connect_and_gets_its_password_only_itself(serve: t.Any) -> None:
    proxy, transport = serve((403, b"no"), server="https://cluster.example.edu:6443")
    address = proxy.url.replace("http://", "http://jane:p%40ss@")
    transport = Transport(Access(server="https://cluster.example.edu:6443", proxy=address), sleep=lambda _seconds: None)
    with pytest.raises(KubeError, match=f"through the proxy {proxy.url}: Tunnel connection failed: 403"):
        transport.request("GET", "/x")
    method, path, headers = proxy.asked[0]
    assert (method, path, headers["Proxy-Authorization"]) == ("CONNECT", "cluster.example.edu:6443", "Basic amFuZTpwQHNz")


def test_warnings_of_the_server_are_kept_once_each(serve: t.Any) -> None:
    text = 'v1 "Endpoints" is deprecated'
    escaped = text.replace('"', '\\"')
    _server, transport = serve((200, b"{}", {"Warning": f'299 - "{escaped}"'}))
    client = KubeClient(transport)
    for _ in range(2):
        client.get("v1", "Endpoints", "x")
    assert client.warnings == [text]


def test_a_list_comes_in_pages_and_starts_anew_when_they_expire(serve: t.Any) -> None:
    def page(names: str, following: str) -> Answer:
        items = [{"metadata": {"name": name}} for name in names]
        return 200, json.dumps({"metadata": {"continue": following}, "items": items}).encode()

    expired = (410, b'{"kind": "Status", "reason": "Expired", "message": "too old"}')
    server, transport = serve(page("ab", "2"), expired, page("ab", "2"), page("c", ""))
    found = KubeClient(transport).list("v1", "ConfigMap", "n", labels="a=b")
    assert [obj["metadata"]["name"] for obj in found] == ["a", "b", "c"]
    assert found[0]["kind"] == "ConfigMap"
    assert ["continue=2" in path for _method, path, _headers in server.asked] == [False, True, False, True]
    assert all("labelSelector=a%3Db" in path for _method, path, _headers in server.asked)


def test_an_answer_that_is_no_json_is_shown(serve: t.Any) -> None:
    _server, transport = serve((200, b"<html>login\nplease</html>"))
    with pytest.raises(KubeError, match="answered with something that is not valid JSON: <html>login please"):
        KubeClient(transport).get("v1", "ConfigMap", "x")


def test_the_status_404_of_a_pod_is_not_taken_for_an_unknown_kind(serve: t.Any) -> None:
    _server, transport = serve((404, b"404 page not found"))
    with pytest.raises(KubeError, match="the pod answered with status 404") as caught:
        KubeClient(transport).proxy_get("n", "p", 8000, "/pg/status")
    assert caught.value.error == "not_found"
