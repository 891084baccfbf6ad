# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What a web request meets on its way: the settings of PHP, the pooler, the client's address, and bodies of any size."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import time
import typing as t

import pytest
from sites import PORT, Engine, Site, get, state
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
BASE = f"http://127.0.0.1:{PORT}"
PROBE = "/campus-probe.php"
MIB = 1 << 20


def probe(what: str, method: str = "GET", body: t.Any = None, **headers: str) -> dict[str, t.Any]:
    """Ask the page of ours. A body without a length is sent in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    connection.request(method, f"{PROBE}?what={what}", body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)


def test_php_is_set_up_for_code_that_never_changes(served: Site) -> None:
    found = probe("settings")
    assert found["missing"] == []
    ini = found["ini"]
    assert (ini["opcache.enable"], ini["opcache.validate_timestamps"], ini["apc.enabled"]) == ("1", "0", "1")
    assert int(ini["opcache.max_accelerated_files"]) >= 20000
    assert int(ini["opcache.memory_consumption"]) >= 256
    assert ini["max_input_vars"] == "5000"
    assert int(ini["upload_max_filesize"]) == 200 * MIB


def test_the_command_line_takes_as_many_fields(served: Site) -> None:
    assert served.run("exec php -r echo(ini_get('max_input_vars'));").out.strip() == "5000"


def test_pages_go_through_the_pooler_and_nothing_else_does(engine: Engine, served: Site) -> None:
    pooler = f"{engine.name}-pooler"
    docker("stop", "--time=10", pooler)
    code, _text = get(f"{BASE}/login/index.php")
    direct = served.run("health ready")
    docker("start", pooler)
    assert code >= 500
    assert direct.result == {"ready": True, "reasons": []}
    wait_for(lambda: get(f"{BASE}/login/index.php")[0] == 200, seconds=20, what="a page after the pooler's return")


def test_the_address_of_the_client_is_the_one_that_the_proxy_hands_on(served: Site) -> None:
    assert probe("request", X_Forwarded_For="203.0.113.7")["address"] == "203.0.113.7"
    # A client in the private network of a school is one too.
    assert probe("request", X_Forwarded_For="10.1.2.3")["address"] == "10.1.2.3"


class Upload:
    """A file that is made while it is sent: random parts, again and again."""

    def __init__(self, size: int) -> None:
        self.digest = hashlib.sha256()
        self._left = size
        self._parts = [os.urandom(MIB) for _ in range(3)]

    def read(self, size: int = -1) -> bytes:
        """Return the next part; what was returned is in the digest."""
        part = self._parts[self._left % 3][: min(MIB if size < 0 else size, self._left)]
        self._left -= len(part)
        self.digest.update(part)
        return part


def test_a_large_upload_arrives_whole_though_web_has_little_memory(engine: Engine, served: Site) -> None:
    containers = [f"{engine.name}-{name}" for name in ("web", "php")]
    before = [state(container) for container in containers]
    size = 195 * MIB
    upload = Upload(size)
    found = probe("body", "POST", upload, Content_Type="application/octet-stream", Content_Length=str(size))
    assert found == {"sha256": upload.digest.hexdigest(), "length": str(size)}
    assert [state(container) for container in containers] == before


def chunks(content: bytes) -> t.Iterator[bytes]:
    """Cut a body into parts, so that it is sent without its length."""
    return (content[start : start + 10_000] for start in range(0, len(content), 10_000))


@pytest.mark.parametrize("size", [0, 1, 60_000, 900_000])
def test_a_body_without_a_length_arrives_whole(served: Site, size: int) -> None:
    content = os.urandom(size)
    found = probe("body", "POST", chunks(content), Content_Type="application/octet-stream")
    assert found == {"sha256": hashlib.sha256(content).hexdigest(), "length": str(size)}


def test_a_body_without_a_length_must_be_small(served: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    with contextlib.suppress(OSError):
        connection.request("POST", f"{PROBE}?what=body", chunks(os.urandom(3 * MIB)))
    assert connection.getresponse().status == 413


@pytest.mark.parametrize("path", ["/-/live", "/-/ready"])
def test_questions_about_health_have_no_body(served: Site, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(100 * MIB))
    connection.endheaders()
    assert connection.getresponse().status == 413


@pytest.mark.parametrize("size", [99_999, 100_000, 1_000_000])
def test_bodies_of_every_size_arrive_whole(served: Site, size: int) -> None:
    content = os.urandom(size)
    found = probe("body", "POST", content, Content_Type="application/octet-stream")
    assert found == {"sha256": hashlib.sha256(content).hexdigest(), "length": str(size)}


def test_more_than_the_limit_is_refused_before_it_is_sent(served: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.putrequest("POST", f"{PROBE}?what=body")
    connection.putheader("Content-Length", str(300 * MIB))
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_a_large_answer_waits_for_a_slow_reader_in_php_and_not_in_the_memory_of_web(engine: Engine, served: Site) -> None:
    web = f"{engine.name}-web"
    before = state(web)
    size = 195 * MIB
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", f"{PROBE}?bytes={size}")
    answer = connection.getresponse()
    time.sleep(3)
    assert int(docker("exec", web, "sh", "-c", "du -sk /tmp | cut -f1")) < 1024
    received = 0
    while part := answer.read(MIB):
        received += len(part)
    assert received == size
    assert state(web) == before
