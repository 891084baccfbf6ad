# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The site moves to HTTPS with a certificate of its own authority, as a school with an internal one would do it."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import pathlib
import re
import subprocess
import typing as t

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
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
    openssl(
        "req",
        *KEY,
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        f"{request}.key",
        "-out",
        f"{request}.csr",
    )
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


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory, moved: Moved) -> dict[str, str]:
    """Return name -> file: certificates and keys that a proxy or a browser would not take."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.pem").touch()
    (folder / "poem.pem").write_text("No certificate here.", encoding="utf-8")
    for name, subject, kind in (
        ("other", "IP:127.0.0.1", KEY),
        ("foreign", "DNS:campus.example.org", KEY),
        ("weak", "IP:127.0.0.1", ("-newkey", "rsa:1024", "-nodes")),
    ):
        files = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
        openssl("req", "-x509", *kind, "-subj", "/CN=e2e", "-addext", f"subjectAltName={subject}", *files)
    write_expired(folder / "old.pem", folder / "old.key")
    return {path.name: str(path) for path in folder.iterdir()}


def write_expired(certificate: pathlib.Path, private_key: pathlib.Path) -> None:
    """Write a certificate that was valid until yesterday, which not every openssl command would make."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "e2e")])
    yesterday = datetime.datetime.now(tz=datetime.timezone.utc) - datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, yesterday - datetime.timedelta(days=90), yesterday)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


# id: the files that are wrong, and what the sentence has to say
WRONG_FILES = {
    "empty certificate": ({"moodle_tls_certificate": "empty.pem"}, r"moodle_tls_certificate.*empty"),
    "empty key": ({"moodle_tls_private_key": "empty.pem"}, r"moodle_tls_private_key.*empty"),
    "no certificate": ({"moodle_tls_certificate": "poem.pem"}, r"poem\.pem.*no certificate in PEM form"),
    "key of another certificate": ({"moodle_tls_private_key": "other.key"}, r"other\.key.*not the key"),
    "another site's certificate": (
        {"moodle_tls_certificate": "foreign.pem", "moodle_tls_private_key": "foreign.key"},
        r"not for 127\.0\.0\.1",
    ),
    "expired": ({"moodle_tls_certificate": "old.pem", "moodle_tls_private_key": "old.key"}, r"old\.pem.*expired on"),
    # Only the proxy's library can tell: it is asked beside the running one.
    "too weak for the proxy": ({"moodle_tls_certificate": "weak.pem", "moodle_tls_private_key": "weak.key"}, r"proxy does not start"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_bad_certificate_is_refused_and_the_site_stays(site: Site, moved: Moved, bad_files: dict[str, str], case: str) -> None:
    files, sentence = WRONG_FILES[case]
    before, definition = site.identities(), (site.directory / "compose.yml").read_text(encoding="utf-8")
    run = site.deploy(**{**moved.variables, **{option: bad_files[name] for option, name in files.items()}})
    assert run.rc != 0
    assert re.search(sentence, " ".join(run.reasons.split())), run.reasons
    assert site.identities() == before
    assert (site.directory / "compose.yml").read_text(encoding="utf-8") == definition
    assert requests.get(f"{moved.url}/login/index.php", timeout=30, verify=moved.authority).status_code == 200


def test_the_good_certificate_is_taken_again(site: Site, moved: Moved) -> None:
    run = site.deploy(**moved.variables)
    assert run.rc == 0, run.reasons
    assert requests.get(f"{moved.url}/login/index.php", timeout=30, verify=moved.authority).status_code == 200


def test_a_second_run_changes_nothing(site: Site, moved: Moved) -> None:
    before = site.identities()
    run = site.deploy(**moved.variables)
    assert (run.rc, run.changed_tasks) == (0, [])
    assert site.identities() == before


def test_the_site_goes_back_to_plain_http(site: Site, moved: Moved, admin_password: str) -> None:
    run = site.deploy()
    assert run.rc == 0, run.reasons
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey
