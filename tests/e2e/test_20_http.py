# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Pages, files and refusals, seen by an HTTP client."""

from __future__ import annotations

import hashlib
import random
import typing as t

import pytest
from support.wait import wait_for
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site

MEGABYTE = 1024 * 1024
NEARLY_LARGEST = 195 * MEGABYTE  # moodle_upload_max is 200 MB

DENIED = (
    "/.git/config",
    "/.env",
    "/.htaccess",
    "/composer.json",
    "/composer.lock",
    "/package.json",
    "/vendor/autoload.php",
    "/node_modules/grunt/package.json",
    "/lib/db/install.xml",
    "/lib/tests/fixtures/emptyfile.php",
    "/dataroot/filedir/warning.txt",
    "/dataroot/",
    "/localcachedir/",
)


@pytest.fixture(scope="module")
def admin(site: Site, admin_password: str) -> User:
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey, "the administrator could not log in"
    return user


@pytest.mark.parametrize("path", ["/", "/login/index.php"])
def test_public_pages_answer(site: Site, path: str) -> None:
    answer = User(site.url).get(path)
    assert answer.status_code == 200
    assert "</html>" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_pages_point_at_the_address_of_the_site(site: Site) -> None:
    assert f"{site.url}/" in User(site.url).get("/login/index.php").text


@pytest.mark.parametrize("path", ["/-/live", "/-/ready"])
def test_health_endpoints_answer_without_a_session(site: Site, path: str) -> None:
    answer = site.answer(path)
    assert answer.status_code == 200
    assert not answer.cookies


def test_readiness_gives_its_reasons(site: Site) -> None:
    assert site.answer("/-/ready").json() == {"ready": True, "reasons": []}


def test_wrong_password_is_refused_with_a_message(site: Site) -> None:
    user = User(site.url)
    page = user.login("admin", "not the password")
    assert "Invalid login" in page.text
    assert not user.is_logged_in()


def test_administrator_logs_in_with_the_password_file(admin: User) -> None:
    dashboard = admin.get("/my/")
    assert dashboard.status_code == 200
    assert dashboard.url.startswith(f"{admin.url}/my/")


@pytest.mark.parametrize("path", DENIED)
def test_internal_paths_are_denied(site: Site, path: str) -> None:
    assert site.answer(path).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/config.php", "/lib/setup.php", "/version.php"])
def test_php_source_is_never_sent(site: Site, path: str) -> None:
    body = site.answer(path).text
    assert "<?php" not in body
    assert "$CFG" not in body


@pytest.mark.parametrize("size", [1, 100_000, 20 * MEGABYTE], ids=["byte", "small", "20-MB"])
def test_file_comes_back_as_it_was_uploaded(admin: User, size: int) -> None:
    """The address has a path after the script name, so slash arguments are proven too."""
    content = random.Random(size).randbytes(size)
    address = admin.upload(f"e2e-{size}.bin", content)
    answer = admin.get(address)
    assert answer.status_code == 200
    assert answer.content == content
    assert not [name for name in answer.headers if name.lower().startswith("x-accel")]


def test_a_file_of_nearly_the_largest_size_leaves_every_container_as_it_was(admin: User, site: Site) -> None:
    """web has less memory than the file has bytes, and /tmp is memory."""
    before = site.identities()
    content = random.Random(7).randbytes(NEARLY_LARGEST)
    address = admin.upload("e2e-large.bin", content)
    answer = admin.get(address)
    assert len(answer.content) == NEARLY_LARGEST
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()
    assert site.identities() == before
    assert [container["Name"] for container in site.containers() if container["State"]["OOMKilled"] or container["RestartCount"]] == []


def test_files_are_sent_by_nginx(admin: User, site: Site) -> None:
    """PHP hands the file over: nginx, not PHP, answers the request for a part of it with a tag of its own making."""
    content = random.Random(1).randbytes(MEGABYTE)
    address = admin.upload("e2e-range.bin", content)
    part = admin.get(address, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.content == content[1000:2000]
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{MEGABYTE}"
    assert site.answer(address).status_code in (303, 403, 404), "a private file needs a login"


def test_log_shows_the_real_client_and_believes_nobody_else(site: Site) -> None:
    marker = f"/e2e-{random.SystemRandom().getrandbits(40)}"
    site.answer(marker, headers={"X-Forwarded-For": "203.0.113.7"})
    lines = wait_for(
        lambda: [line for line in site.logs("web").splitlines() if marker in line], seconds=10, what="a line in the log of web"
    )
    assert site.gateway in lines[0]
    # The claimed address may be logged as a claim; it must not be taken for the client's.
    assert not lines[0].startswith("203.0.113.7")
