# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A Valkey with an access control list, where no one gets in without a user name: preflight, and the sessions of pages."""

from __future__ import annotations

import typing as t

import pytest
from sites import PORT, Engine, Site, get
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
UNREACHABLE = 3
CLI = ["valkey-cli", "-s", "/run/valkey/valkey.sock", "--no-auth-warning"]


@pytest.fixture(scope="module")
def ask(engine: Engine) -> t.Callable[..., str]:
    """Start the server as "listed", let one user in, and return a function that asks it as that user."""
    container = engine.start("listed", engine.services, "valkey-cache", "--tmpfs=/tmp", env={"VALKEY_TCP": "1"})
    wait_for(lambda: engine.health("listed", "valkey-cache"), seconds=30, what="the start of the server")
    docker("exec", container, *CLI, "ACL", "SETUSER", "campus", "on", f">{engine.secrets['session']}", "~*", "&*", "+@all")
    docker("exec", container, *CLI, "ACL", "SETUSER", "default", "resetpass", "off")
    login = ["--user", "campus", "--pass", engine.secrets["session"]]
    return lambda *words: docker("exec", container, *CLI, *login, *words)


def both(user: str) -> dict[str, str]:
    """Return an environment in which a user logs in for sessions and for the cache."""
    row = {"HOST": "listed", "USERNAME": user, "PASSWORD_FILE": "/run/secrets/session"}
    return {f"MOODLE_{kind}_{name}": value for kind in ("SESSION", "CACHE") for name, value in row.items()}


def test_preflight_logs_in_as_the_user(site: Site, ask: t.Callable[..., str]) -> None:
    done = site.run("preflight --json", **both("campus"))
    assert (done.code, done.result["problems"]) == (0, [])
    assert not [warning for warning in done.result["warnings"] if "listed" in warning]
    assert ask("ACL", "WHOAMI") == "campus"


@pytest.mark.parametrize("user", ["somebody", ""])
def test_another_user_and_none_are_refused_with_the_servers_reason(site: Site, ask: t.Callable[..., str], user: str) -> None:
    done = site.run("preflight --json", MOODLE_DATABASE_WAIT="1", **both(user))
    (problem,) = done.result["problems"]
    assert (done.code, problem["code"]) == (UNREACHABLE, "sessions")
    assert "listed cannot be used: WRONGPASS" in problem["sentence"]
    assert any("The cache server listed does not answer now: WRONGPASS" in warning for warning in done.result["warnings"])


def test_sessions_of_pages_are_kept_there(engine: Engine, site: Site, ask: t.Callable[..., str]) -> None:
    site.start("php", **both("campus"))
    site.start("web", f"--publish=127.0.0.1:{PORT}:8080")
    wait_for(lambda: get(f"http://127.0.0.1:{PORT}/-/ready")[0] == 200, seconds=30, what="readiness")
    before = int(ask("DBSIZE"))
    status, _page = get(f"http://127.0.0.1:{PORT}/login/index.php")
    assert (status, int(ask("DBSIZE")) > before) == (200, True)
    for name in ("web", "php"):
        docker("rm", "--force", f"{engine.name}-{name}")
