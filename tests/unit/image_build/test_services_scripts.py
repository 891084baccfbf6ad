# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The entry scripts of the services image: what they render, and the sentences they refuse with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.campus.moodle.plugins.plugin_utils._image_source import BUILDER

HOME = BUILDER.parent / "services" / "opt" / "campus-services"


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
        ("proxy", "proxy_configuration", {"PROXY_TLS": "acme"}, "PROXY_HOSTNAME is empty or missing"),
        ("proxy", "proxy_configuration", {"PROXY_TLS": "acme", "PROXY_HOSTNAME": "a b"}, "must be one host name"),
        (
            "proxy",
            "proxy_configuration",
            {"PROXY_TLS": "certificate", "PROXY_HOSTNAME": "a.example.edu", "PROXY_CERTIFICATE_FILE": "/none"},
            "'/none' (from PROXY_CERTIFICATE_FILE) cannot be read",
        ),
        ("proxy", "proxy_configuration", {"PROXY_TRUSTED_PROXIES": "10.0.0.0/8 }"}, "contains a character that is not allowed"),
        ("proxy", "proxy_balancer", {"PROXY_UPSTREAM": "web"}, "PROXY_UPSTREAM must look like web:8080, not 'web'"),
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


def test_unknown_services_are_refused() -> None:
    ended = subprocess.run([str(HOME / "bin" / "service"), "nothing"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "usage: service" in ended.stderr


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("none", "http://:8080 {\n\timport site"), ("external", "http://:8080 {\n\timport site"), ("acme", "https://a.example.edu:8443 {")],
)
def test_proxy_configuration(tmp_path: Path, mode: str, expected: str) -> None:
    ended = shell(tmp_path, "proxy", "proxy_configuration", PROXY_TLS=mode, PROXY_HOSTNAME="a.example.edu")
    assert ended.returncode == 0, ended.stderr
    assert expected in ended.stdout
    assert "admin off" in ended.stdout
    assert ("redir https://{host}{uri} 308" in ended.stdout) is (mode == "acme")


def test_redirects_point_to_the_published_port(tmp_path: Path) -> None:
    ended = shell(
        tmp_path, "proxy", "proxy_configuration", PROXY_TLS="acme", PROXY_HOSTNAME="a.example.edu", PROXY_PUBLIC_HTTPS_PORT="18443"
    )
    assert "redir https://{host}:18443{uri} 308" in ended.stdout


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
