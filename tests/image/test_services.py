# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The services image: what the two Valkeys keep, and whom the proxy takes for the client."""

from __future__ import annotations

import json
import typing as t

import pytest
from sites import PROBE, Engine
from support.docker import docker, logs, run
from support.wait import wait_for

pytestmark = pytest.mark.container
CLI = "valkey-cli -s /run/valkey/valkey.sock config get {}"


def valkey(container: str, *names: str) -> dict[str, str]:
    """Ask a Valkey for its settings."""
    secret = "[ ! -r /run/secrets/session ] || export REDISCLI_AUTH=$(cat /run/secrets/session);"
    lines = [docker("exec", container, "sh", "-c", f"{secret} {CLI.format(name)} 2>/dev/null").split() for name in names]
    return {line[0]: line[1] for line in lines}


def test_sessions_are_kept_and_written_down(engine: Engine) -> None:
    found = valkey(f"{engine.name}-sessions", "maxmemory-policy", "appendonly", "appendfsync")
    assert found == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_the_cache_drops_what_was_not_used_for_longest_and_writes_nothing(engine: Engine) -> None:
    cache = engine.start("cache", engine.services, "valkey-cache", "--tmpfs=/tmp", "--memory=128m", env={})
    wait_for(lambda: engine.health("cache", "valkey-cache"), seconds=20, what="the start of the cache")
    found = valkey(cache, "maxmemory-policy", "appendonly", "maxmemory")
    docker("rm", "--force", cache)
    assert found == {"maxmemory-policy": "allkeys-lru", "appendonly": "no", "maxmemory": str(96 << 20)}


@pytest.mark.parametrize(("database", "user", "part"), [("moodle", "postgres", "already exists"), ("postgres", "moodle", "already exists")])
def test_a_database_that_cannot_be_made_stops_the_first_start(engine: Engine, database: str, user: str, part: str) -> None:
    volume = f"--volume={engine.volume(f'refused-{user}')}:/var/lib/postgresql"
    environment = {"POSTGRES_DB": database, "POSTGRES_USER": user, "POSTGRES_PASSWORD_FILE": "/run/secrets/database"}
    options = [*engine.options(environment), "--tmpfs=/tmp", volume, engine.services]
    done = run("run", "--rm", *options, "postgres")
    shown = done.stdout + done.stderr
    assert done.returncode == 2, shown
    assert part in shown
    assert f"could not create the user {user} and the database {database}" in shown
    assert "PASSWORD" not in shown
    assert engine.secrets["database"] not in shown
    # Nothing that a start with better names would take for a database.
    assert docker("run", "--rm", "--entrypoint=ls", *options, "/var/lib/postgresql/17") == ""


Ask = t.Callable[..., dict[str, t.Any]]
FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"
PORTS = {"none": 8080, "external": 8080, "acme": 2021}
ASK = r"""
exec 3<>/dev/tcp/127.0.0.1/"$1"; shift
printf 'GET /a-page?token=canary HTTP/1.0\r\nHost: moodle.example.edu\r\n' >&3
[ $# -eq 0 ] || printf '%s\r\n' "$@" >&3
printf '\r\n' >&3; cat <&3"""


@pytest.fixture(scope="module")
def echo(engine: Engine) -> t.Iterator[str]:
    """A server that answers with the headers of the request."""
    options = ["--entrypoint=php", f"--volume={PROBE}:/probe.php:ro"]
    container = engine.start("echo", engine.image, "-S 0.0.0.0:8080 /probe.php", *options, env={})
    yield "echo:8080"
    docker("rm", "--force", container)


@pytest.fixture
def proxy(engine: Engine, echo: str) -> t.Iterator[t.Callable[[str, str], Ask]]:
    """Start the proxy with a mode and trusted networks; what it returns asks it from inside its container, so from 127.0.0.1."""
    container = f"{engine.name}-proxy"

    def start(mode: str, trusted: str) -> Ask:
        environment = {
            "PROXY_TLS": mode,
            "PROXY_UPSTREAM": echo,
            "PROXY_TRUSTED_PROXIES": trusted,
            "PROXY_HOSTNAME": "moodle.example.edu",
            "PROXY_ACME_EMAIL": "it@example.edu",
            "PROXY_ACME_DIRECTORY": "https://127.0.0.1:9/directory",
        }
        engine.start("proxy", engine.services, "proxy", "--tmpfs=/tmp", env=environment)
        wait_for(lambda: engine.health("proxy", "proxy"), seconds=20, what=f"the start of the proxy: {logs(container)[-500:]}")
        wait_for(lambda: " 200 OK" in answer(), seconds=20, what="an answer from behind the proxy")
        return lambda *headers: json.loads(answer(*headers).split("\n\n", 1)[1])["headers"]

    def answer(*headers: str) -> str:
        mode = docker("exec", container, "printenv", "PROXY_TLS").strip()
        return docker("exec", container, "bash", "-c", ASK, "ask", str(PORTS[mode]), *headers, check=False)

    yield start
    docker("rm", "--force", container)


# What a proxy says about the way of a request, and the client that follows from it when 192.0.2.0/24 and 127.0.0.1 are proxies.
WAYS = [
    ((), "127.0.0.1"),
    (("X-Forwarded-For: 203.0.113.5",), "203.0.113.5"),
    (("X-Forwarded-For: 6.6.6.6, 203.0.113.5",), "203.0.113.5"),
    (("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.5"), "203.0.113.5"),
    (("X-Forwarded-For: 203.0.113.5, 192.0.2.9",), "203.0.113.5"),
    # A client in a private network is no proxy.
    (("X-Forwarded-For: 6.6.6.6, 10.1.2.3, 192.0.2.9",), "10.1.2.3"),
    (("X-Forwarded-For: 6.6.6.6, unknown, 192.0.2.9",), "192.0.2.9"),
    (("X-Forwarded-For: 6.6.6.6, 2001:db8::7",), "2001:db8::7"),
    (("X-Forwarded-For: 203.0.113.5" + ", 192.0.2.9" * 5,), "203.0.113.5"),
    (("X-Forwarded-For: 6.6.6.6" + ", 192.0.2.9" * 9,), "192.0.2.9"),
]


@pytest.mark.parametrize(("mode", "trusted"), [("external", "127.0.0.1,192.0.2.0/24"), ("acme", "192.0.2.0/24")])
def test_the_client_is_whom_the_last_trusted_proxy_saw(engine: Engine, proxy: t.Callable[[str, str], Ask], mode: str, trusted: str) -> None:
    ask = proxy(mode, trusted)
    assert [ask(*headers)[FORWARDED_FOR] for headers, _client in WAYS] == [client for _headers, client in WAYS]
    lines = [line for line in docker("logs", f"{engine.name}-proxy").splitlines() if "a-page" in line]
    assert [line.split()[0] for line in lines[-len(WAYS) :]] == [client for _headers, client in WAYS]
    assert "canary" not in "".join(lines)
    assert ask("X-Forwarded-Proto: https", "X-Forwarded-Host: outside.example.edu")["HTTP_X_FORWARDED_HOST"] == "outside.example.edu"


def test_nobody_else_is_believed(proxy: t.Callable[[str, str], Ask]) -> None:
    ask = proxy("none", "")
    seen = ask("X-Forwarded-For: 6.6.6.6, 192.0.2.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example.edu")
    names = (FORWARDED_FOR, "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
    assert [seen[name] for name in names] == ["127.0.0.1", "http", "moodle.example.edu"]


def test_caddy_takes_its_configuration_and_sends_plain_http_to_tls(engine: Engine, proxy: t.Callable[[str, str], Ask]) -> None:
    proxy("acme", "")
    answer = docker("exec", f"{engine.name}-proxy", "bash", "-c", ASK, "ask", "8080")
    assert answer.startswith("HTTP/1.0 308 ")
    assert "Location: https://moodle.example.edu/a-page?token=canary" in answer


def test_a_configuration_that_caddy_does_not_take_is_a_sentence(engine: Engine) -> None:
    values = {"TLS": "acme", "HOSTNAME": "moodle.example.edu", "HTTPS_PORT": "99999999", "UPSTREAM": "127.0.0.1:8080"}
    environment = [f"--env=PROXY_{name}={value}" for name, value in values.items()]
    done = run("run", "--rm", "--network=none", "--tmpfs=/tmp", *environment, engine.services, "proxy")
    assert done.returncode == 2
    assert "campus-services: Caddy does not accept its configuration: " in done.stderr
