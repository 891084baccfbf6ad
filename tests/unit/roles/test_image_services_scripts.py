# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The entry scripts of the services image: what they render, and the sentences they refuse with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[3] / "roles" / "image" / "files" / "services" / "opt" / "campus-services"


def shell(tmp_path: Path, library: str, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run some lines with the functions of one service."""
    lines = f"set -Eeuo pipefail\n. {HOME}/lib/common.sh\n. {HOME}/lib/{library}.sh\nmake_runtime_directory\n{script}\n"
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CAMPUS_RUNTIME_DIRECTORY": str(tmp_path / "run"), **environment}
    return subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=False, env=env)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text("ca\"na'ry\\\n")
    return str(path)


@pytest.mark.parametrize(
    ("library", "script", "environment", "sentence"),
    [
        ("proxy", "proxy_configuration", {"PROXY_TLS": "magic"}, "PROXY_TLS must be none, certificate, acme or external, not 'magic'"),
        ("proxy", "proxy_caddy_configuration", {"PROXY_TLS": "acme"}, "PROXY_HOSTNAME is empty or missing"),
        ("proxy", "proxy_caddy_configuration", {"PROXY_TLS": "acme", "PROXY_HOSTNAME": "a b"}, "must be one host name"),
        ("proxy", "proxy_caddy_configuration", {"PROXY_TLS": "acme", "PROXY_HOSTNAME": "a{"}, "must be one host name"),
        ("proxy", "proxy_caddy_configuration", {"PROXY_TLS": "acme", "PROXY_HOSTNAME": "a" * 254}, "must be one host name"),
        (
            "proxy",
            "proxy_configuration",
            {"PROXY_TLS": "certificate", "PROXY_HOSTNAME": "a.example.edu", "PROXY_CERTIFICATE_FILE": "/none"},
            "'/none' (from PROXY_CERTIFICATE_FILE) cannot be read",
        ),
        ("proxy", "proxy_configuration", {"PROXY_TRUSTED_PROXIES": "10.0.0.0/8 }"}, "contains a character that is not allowed"),
        ("proxy", "proxy_configuration", {"PROXY_UPSTREAM": "web"}, "PROXY_UPSTREAM must look like web:8080, not 'web'"),
        ("pooler", "pooler_configuration", {}, "MOODLE_DATABASE_HOST is empty or missing"),
        ("pooler", "pooler_configuration", {"MOODLE_DATABASE_HOST": "db", "POOLER_POOL_SIZE": "0"}, "must be a positive whole number"),
        ("pooler", "pooler_run", {"MOODLE_DATABASE_HOST": "db"}, "MOODLE_DATABASE_PASSWORD_FILE is empty or missing"),
        ("pooler", "pooler_run", {"MOODLE_DATABASE_PASSWORD_FILE": "/none"}, "the secret file /none"),
        ("pooler", "pooler_run", {"MOODLE_DATABASE_PASSWORD_FILE": "/dev/null"}, "the secret file /dev/null"),
        ("postgres", "postgres_set_options", {"POSTGRES_MAX_CONNECTIONS": "many"}, "must be a positive whole number, not 'many'"),
        ("valkey", "valkey_configuration", {"VALKEY_MAX_MEMORY": "1 gb"}, "VALKEY_MAX_MEMORY contains a character"),
    ],
)
def test_bad_values_are_refused(tmp_path: Path, library: str, script: str, environment: dict[str, str], sentence: str) -> None:
    ended = shell(tmp_path, library, script, **environment)
    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_mail_catcher_of_either_kind_gets_its_addresses(tmp_path: Path) -> None:
    """Both programs take their settings from the environment, so the image need not know which one it has."""
    (tmp_path / "catcher").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "catcher").chmod(0o755)
    script = f"eval \"$(declare -f mail_run | sed 's#/opt/campus-services/bin/mail-catcher#{tmp_path}/catcher#')\"\nmail_run"
    said = dict(line.split("=", 1) for line in shell(tmp_path, "mail", script).stdout.splitlines())
    assert {said["MH_SMTP_BIND_ADDR"], said["MP_SMTP_BIND_ADDR"]} == {"0.0.0.0:1025"}
    assert {said["MH_API_BIND_ADDR"], said["MH_UI_BIND_ADDR"], said["MP_UI_BIND_ADDR"]} == {"0.0.0.0:8025"}


def test_image_without_a_mail_catcher_says_so(tmp_path: Path) -> None:
    ended = shell(tmp_path, "mail", "mail_run")
    assert (ended.returncode, "this image was built without a mail catcher" in ended.stderr) == (2, True)


def test_unknown_services_are_refused() -> None:
    ended = subprocess.run([str(HOME / "bin" / "service"), "nothing"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "usage: service" in ended.stderr


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """A certificate and its key, as the variables that name them."""
    key, pair = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a.example.edu"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(pair)], check=True, capture_output=True)
    return {"PROXY_CERTIFICATE_FILE": str(pair), "PROXY_PRIVATE_KEY_FILE": str(key)}


@pytest.mark.parametrize(("mode", "bind"), [("none", "*:8080"), ("external", "*:8080"), ("acme", "127.0.0.1:2021")])
def test_the_site_is_where_the_mode_wants_it(tmp_path: Path, mode: str, bind: str) -> None:
    ended = shell(tmp_path, "proxy", "proxy_configuration", PROXY_TLS=mode)
    assert ended.returncode == 0, ended.stderr
    assert f"frontend site\n  log global\n  bind {bind}\n  default_backend web\n" in ended.stdout
    assert "frontend plain" not in ended.stdout
    assert "http-request set-header X-Forwarded-For %[var(txn.client)]\n" in ended.stdout
    # Behind Caddy every request comes from this container itself.
    assert ("acl is_proxy src 127.0.0.1\n" in ended.stdout) is (mode == "acme")


@pytest.mark.parametrize(("mode", "trusted"), [("none", "10.0.0.0/8 fd00::/8"), ("acme", "127.0.0.1 10.0.0.0/8 fd00::/8")])
def test_only_a_trusted_proxy_leads_to_the_next_address(tmp_path: Path, mode: str, trusted: str) -> None:
    ended = shell(tmp_path, "proxy", "proxy_configuration", PROXY_TLS=mode, PROXY_TRUSTED_PROXIES="10.0.0.0/8,fd00::/8")
    for hop in range(1, 7):
        rule = f"set-var(txn.hop{hop}) req.hdr_ip(X-Forwarded-For,-{hop}) if {{ var(txn.hop{hop - 1}) -m ip {trusted} }}\n"
        assert f"  http-request {rule}" in ended.stdout


def test_there_is_a_place_for_twice_as_many_web_containers_as_a_site_may_have(tmp_path: Path) -> None:
    assert "server-template web 1-40 web:8080 " in shell(tmp_path, "proxy", "proxy_configuration").stdout


@pytest.mark.parametrize(("port", "address"), [("443", "https://a.example.edu%[pathq]"), ("18443", "https://a.example.edu:18443%[pathq]")])
def test_a_certificate_moves_plain_http_to_the_published_port(tmp_path: Path, certificate: dict[str, str], port: str, address: str) -> None:
    environment = {"PROXY_TLS": "certificate", "PROXY_HOSTNAME": "a.example.edu", "PROXY_PUBLIC_HTTPS_PORT": port, **certificate}
    ended = shell(tmp_path, "proxy", "proxy_configuration", **environment)
    assert f"bind *:8443 ssl crt {tmp_path}/run/site.pem alpn h2,http/1.1\n" in ended.stdout
    assert f"frontend plain\n  bind *:8080\n  http-request redirect code 308 location {address}\n" in ended.stdout
    pair = (tmp_path / "run" / "site.pem").read_text()
    assert pair.count("-----BEGIN") == 2
    assert "PRIVATE KEY" not in ended.stdout


def test_caddy_obtains_certificates_and_passes_everything_on(tmp_path: Path) -> None:
    environment = {"PROXY_HOSTNAME": "a.example.edu", "PROXY_PUBLIC_HTTPS_PORT": "18443", "PROXY_ACME_EMAIL": "it@example.edu"}
    ended = shell(tmp_path, "proxy", "proxy_caddy_configuration", **environment)
    assert "admin off" in ended.stdout
    assert "email it@example.edu" in ended.stdout
    assert "https://a.example.edu:8443 {\n\treverse_proxy 127.0.0.1:2021" in ended.stdout
    assert "redir https://a.example.edu:18443{uri} 308" in ended.stdout


def test_the_pooler_keeps_the_password_out_of_its_configuration(tmp_path: Path, secret: str) -> None:
    script = 'user=moodle; password=$(secret MOODLE_DATABASE_PASSWORD_FILE); pooler_configuration; [[ $password == "ca\\"na\'ry\\\\" ]]'
    ended = shell(tmp_path, "pooler", script, MOODLE_DATABASE_HOST="db", MOODLE_DATABASE_PASSWORD_FILE=secret)
    assert ended.returncode == 0, ended.stderr
    assert "pool_mode = session" in ended.stdout
    assert "server_reset_query = DISCARD ALL" in ended.stdout
    assert "na'ry" not in ended.stdout


def test_passwords_are_quoted_for_valkey(tmp_path: Path, secret: str) -> None:
    ended = shell(tmp_path, "valkey", "valkey_configuration 'port 0'", VALKEY_PASSWORD_FILE=secret)
    assert 'requirepass "ca\\"na\'ry\\\\"' in ended.stdout
    assert "port 0" in ended.stdout


def test_rendered_files_are_private(tmp_path: Path) -> None:
    assert shell(tmp_path, "valkey", 'echo x >"$runtime_directory/file"').returncode == 0
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0
    assert (tmp_path / "run" / "file").stat().st_mode & 0o077 == 0
