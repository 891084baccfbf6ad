# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Downloads are verified, cached and resumed; a wrong checksum names both sides."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _fetch as fetch

CONTENT = bytes(range(256)) * 64
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT, with ranges, and its checksum beside it; remembers the requests."""

    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        type(self).seen.append((self.path, dict(self.headers)))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.headers['Host'].rpartition(':')[2]}/a.zip")
            self.end_headers()
            return
        body = f"SHA256 (a.zip) = {SHA256}\n".encode() if self.path.endswith(".sha256") else CONTENT
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:])

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_download_is_kept(server: str, tmp_path: Path) -> None:
    cache = fetch.Cache(tmp_path)
    first = cache.get(f"{server}/a.zip?token=x=y", SHA256)
    assert first.read_bytes() == CONTENT
    assert first.name == f"{SHA256[:16]}-a.zip"
    assert cache.get(f"{server}/a.zip?token=x=y", SHA256) == first
    assert [path for path, _ in Handler.seen] == ["/a.zip?token=x=y"]


def test_an_archive_put_into_the_cache_is_used_without_the_network(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(CONTENT)
    assert fetch.Cache(tmp_path).get("https://nowhere.invalid/a.zip", SHA256) == tmp_path / "a.zip"


def test_a_cut_download_goes_on(server: str, tmp_path: Path) -> None:
    partial = tmp_path / "downloads" / f"{SHA256[:16]}-a.zip.part"
    partial.parent.mkdir()
    partial.write_bytes(CONTENT[:1000])
    assert fetch.Cache(tmp_path).get(f"{server}/a.zip", SHA256).read_bytes() == CONTENT
    assert Handler.seen[0][1]["Range"] == "bytes=1000-"
    assert not partial.exists()


def test_a_wrong_part_is_thrown_away(server: str, tmp_path: Path) -> None:
    partial = tmp_path / "downloads" / f"{SHA256[:16]}-a.zip.part"
    partial.parent.mkdir()
    partial.write_bytes(b"something else")
    assert fetch.Cache(tmp_path).get(f"{server}/a.zip", SHA256).read_bytes() == CONTENT


def test_a_wrong_checksum_names_both_and_keeps_nothing(server: str, tmp_path: Path, build_error: type[Exception]) -> None:
    wrong = "0" * 64
    with pytest.raises(build_error, match=f"expected sha256 {wrong}, found {SHA256}"):
        fetch.Cache(tmp_path).get(f"{server}/a.zip", wrong)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_the_published_checksum_is_found_on_the_network_or_in_the_cache(server: str, tmp_path: Path, build_error: type[Exception]) -> None:
    cache = fetch.Cache(tmp_path)
    assert cache.published_sha256(f"{server}/a.zip") == SHA256
    with pytest.raises(build_error, match=r"put b.zip and b.zip.sha256 into"):
        cache.published_sha256("http://127.0.0.1:9/b.zip")
    (tmp_path / "b.zip.sha256").write_text(f"{SHA256}  b.zip\n")
    assert cache.published_sha256("http://127.0.0.1:9/b.zip") == SHA256


def test_private_headers_stay_with_their_host(server: str, tmp_path: Path) -> None:
    headers = tmp_path / "headers"
    headers.write_text("Authorization: Bearer secret=1\n")
    fetch.Cache(tmp_path).get(f"{server}/moved", SHA256, headers_file=str(headers))
    assert Handler.seen[0][1]["Authorization"] == "Bearer secret=1"
    assert "Authorization" not in Handler.seen[1][1]


def test_errors_do_not_show_what_can_be_secret(tmp_path: Path, build_error: type[Exception]) -> None:
    with pytest.raises(build_error) as raised:
        fetch.Cache(tmp_path).get("http://user:word@127.0.0.1:9/a.zip?token=canary", SHA256)
    assert "canary" not in str(raised.value)
    assert "word@" not in str(raised.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a.zip"])
def test_other_schemes_are_refused(tmp_path: Path, url: str, build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="not an http or https address"):
        fetch.Cache(tmp_path).get(url, SHA256)
