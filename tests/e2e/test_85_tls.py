# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The site moves to HTTPS with a certificate of its own authority, as a school with an internal one would do it."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import subprocess
import typing as t

import pytest
import requests
from support.ports import free_port
from support.web import User

if t.TYPE_CHECKING:
    from support.playbook import Run
    from support.site import Site

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclasses.dataclass(frozen=True)
class Moved:
    """The site after its move, and what a browser needs to trust it."""

    url: str
    plain_url: str
    authority: str
    private_key: str
    variables: dict[str, t.Any]
    run: Run


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def moved(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    folder = tmp_path_factory.mktemp("tls")
    authority, request = folder / "authority", folder / "site"
    openssl("req", "-x509", *KEY, "-subj", "/CN=Authority of the e2e tier", "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
    named = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    openssl("req", *KEY, *named, "-keyout", f"{request}.key", "-out", f"{request}.csr")
    signed = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-copy_extensions", "copy")
    openssl("x509", "-req", "-in", f"{request}.csr", *signed, "-out", f"{request}.pem")
    port = free_port()
    variables = {
        "moodle_tls": "certificate",
        "moodle_tls_certificate": f"{request}.pem",
        "moodle_tls_private_key": f"{request}.key",
        "moodle_https_port": port,
    }
    private_key = pathlib.Path(f"{request}.key").read_text(encoding="utf-8")
    return Moved(
        f"https://127.0.0.1:{port}", site.url, f"{authority}.pem", private_key, variables, site.deploy("-vvv", "--diff", **variables)
    )


def test_the_site_moves_to_https(moved: Moved, admin_password: str) -> None:
    assert moved.run.rc == 0, moved.run.reasons
    user = User(moved.url)
    # Only this authority, whatever the environment of the run trusts.
    user.session.trust_env, user.session.verify = False, moved.authority
    user.login("admin", admin_password)
    assert user.sesskey
    assert all(cookie.secure for cookie in user.session.cookies if cookie.name.startswith("MoodleSession"))


def test_who_does_not_know_the_authority_is_warned(moved: Moved) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{moved.url}/login/index.php", timeout=30)


def test_plain_http_leads_to_https(moved: Moved) -> None:
    answer = requests.get(f"{moved.plain_url}/login/index.php?lang=en", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{moved.url}/login/index.php?lang=en")


def test_the_private_key_is_in_no_output_and_in_no_listing(site: Site, moved: Moved) -> None:
    secret = moved.private_key.splitlines()[1]
    assert secret not in moved.run.output
    assert secret not in (site.directory / "compose.yml").read_text(encoding="utf-8")
    assert secret not in str(site.containers())


def test_a_certificate_that_only_the_proxy_refuses_leaves_the_site_as_it_is(site: Site, moved: Moved, tmp_path: pathlib.Path) -> None:
    """The description refuses what it can see itself, which the unit tests show; only the proxy's library finds a key too weak."""
    weak = {"moodle_tls_certificate": str(tmp_path / "weak.pem"), "moodle_tls_private_key": str(tmp_path / "weak.key")}
    files = ("-keyout", weak["moodle_tls_private_key"], "-out", weak["moodle_tls_certificate"])
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=e2e", "-addext", "subjectAltName=IP:127.0.0.1", *files)
    before, definition = site.identities(), (site.directory / "compose.yml").read_text(encoding="utf-8")
    run = site.deploy(**{**moved.variables, **weak})
    assert run.rc != 0
    assert re.search(r"proxy does not start", " ".join(run.reasons.split())), run.reasons
    assert site.identities() == before
    assert (site.directory / "compose.yml").read_text(encoding="utf-8") == definition
    assert requests.get(f"{moved.url}/login/index.php", timeout=30, verify=moved.authority).status_code == 200


def test_the_good_certificate_is_still_in_force_and_a_second_run_changes_nothing(site: Site, moved: Moved) -> None:
    before = site.identities()
    run = site.deploy(**moved.variables)
    assert (run.rc, run.changed_tasks) == (0, []), run.reasons
    assert site.identities() == before
    assert requests.get(f"{moved.url}/login/index.php", timeout=30, verify=moved.authority).status_code == 200


def test_the_site_goes_back_to_plain_http(site: Site, moved: Moved, admin_password: str) -> None:
    run = site.deploy()
    assert run.rc == 0, run.reasons
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey
