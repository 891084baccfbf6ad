# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Crashes and restarts of single services, and the work in the background."""

from __future__ import annotations

import collections
import os
import random
import signal
import subprocess
import time
import typing as t

import pytest
from support.docker import docker, inspect
from support.site import SERVICES, service_of
from support.wait import wait_for
from support.web import User

if t.TYPE_CHECKING:
    from support.payload import Payload
    from support.playbook import Run
    from support.site import Site

RECOVERY = 90  # seconds from a crash to a good page


def crash(identifier: str) -> None:
    """End a container's first process as a crash would; docker kill would count as a wish to stop it."""
    pid = inspect(identifier)[0]["State"]["Pid"]
    try:
        os.kill(pid, signal.SIGKILL)
    except PermissionError:
        subprocess.run(["sudo", "-n", "kill", "-KILL", str(pid)], check=True)


@pytest.mark.parametrize("service", SERVICES)
def test_site_recovers_from_a_crash_of(site: Site, service: str, admin_password: str) -> None:
    before = site.container(service)
    crash(before["Id"])
    wait_for(
        lambda: [c for c in site.containers(service) if c["State"]["StartedAt"] != before["State"]["StartedAt"]],
        seconds=RECOVERY,
        what=f"restart of {service}",
    )
    site.wait_until_ready(RECOVERY)
    wait_for(lambda: User(site.url).login("admin", admin_password).ok, seconds=RECOVERY, what="a login")
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey
    site.wait_until_healthy(RECOVERY)


def test_login_outlives_restarts_of_the_stores(site: Site, admin_password: str) -> None:
    """Sessions are on disk, and the database comes back under the pooler."""
    user = User(site.url)
    user.login("admin", admin_password)
    for service in ("valkey-sessions", "valkey-cache", "postgres"):
        docker("restart", site.container(service)["Id"])
        site.wait_until_ready(RECOVERY)
    assert user.is_logged_in()
    site.wait_until_healthy(RECOVERY)


PATIENCE = 180  # seconds for work in the background, which Moodle plans by the minute


def test_cron_runs_a_scheduled_task_within_its_time(site: Site) -> None:
    begin = int(time.time())
    latest = wait_for(
        lambda: int(site.sql(f"SELECT COALESCE(MAX(lastruntime), 0) FROM mdl_task_scheduled WHERE lastruntime >= {begin}")),
        seconds=PATIENCE,
        what="the run of a scheduled task",
        interval=2,
    )
    assert latest >= begin


def test_adhoc_task_is_executed_within_its_time(site: Site, payload: Payload) -> None:
    """The task goes into the queue as Moodle would put it there; it is gone when it has been executed without an error."""
    log = "SELECT COUNT(*) FROM mdl_task_log WHERE type = 1 AND result = 0"
    before = int(site.sql(log))
    site.sql(
        "INSERT INTO mdl_task_adhoc (component, classname, nextruntime, customdata, timecreated)"
        f" VALUES ('core', '{payload.adhoc_task}', 1, '{{}}', 1)"
    )
    wait_for(
        lambda: int(site.sql(log)) > before and site.sql("SELECT COUNT(*) FROM mdl_task_adhoc WHERE timecreated = 1") == "0",
        seconds=PATIENCE,
        what="the execution of an adhoc task",
        interval=2,
    )


def check(site: Site, **variables: t.Any) -> Run:
    """Run check.yml on the site."""
    inventory = site.controller.write_inventory({site.name: {**site.variables, **variables}})
    return site.controller.play("check", inventory, "--limit", site.name)


def test_the_check_of_a_healthy_site_changes_nothing(site: Site) -> None:
    """Comes after the tests that have seen cron run."""
    before = site.identities()
    run = check(site)
    assert run.rc == 0, run.reasons
    assert run.total("changed") == 0
    assert "Cron       started" in run.output
    assert site.identities() == before


def test_the_check_of_a_closed_site_fails_with_the_reasons(site: Site) -> None:
    site.moodle("maintenance", "on")
    try:
        run = check(site)
    finally:
        site.moodle("maintenance", "off")
    assert run.rc != 0
    assert f"The site {site.name} needs attention" in run.reasons
    assert "The site is in maintenance" in run.reasons
    site.wait_until_ready(RECOVERY)


def test_the_check_of_a_site_that_does_not_run_fails_with_the_reasons(make_site: t.Callable[..., Site]) -> None:
    run = check(make_site("e2e-absent"))
    assert run.rc != 0
    assert "the proxy gives no answer" in run.reasons
    assert "Could not run the checks" in run.reasons


def clients_in_log(site: Site, claimed: str) -> list[str]:
    """Ask for a page under another address than one's own, and return the addresses that the web servers take for the client's."""
    marker = f"/e2e-{random.SystemRandom().getrandbits(40)}"
    site.answer(marker, headers={"X-Forwarded-For": claimed})
    lines = wait_for(
        lambda: [line for line in site.logs("web").splitlines() if marker in line], seconds=10, what="a line in the log of web"
    )
    return [line.split()[0] for line in lines]


SCALED = ("php", "cron", "adhoc")


@pytest.mark.parametrize("replicas", [2, 1])
def test_replicas_come_and_go_and_only_a_trusted_proxy_is_believed(site: Site, replicas: int) -> None:
    """This machine is a proxy in front of the site while there are two of each."""
    trusted = {"moodle_trusted_proxies": [f"{site.gateway}/32"]} if replicas == 2 else {}
    variables = {**{f"moodle_{service}_replicas": replicas for service in SCALED}, **trusted}
    run = site.deploy(**variables)
    assert run.rc == 0, run.reasons
    running = collections.Counter(service_of(container) for container in site.containers())
    assert {service: running[service] for service in SCALED} == dict.fromkeys(SCALED, replicas)
    assert site.is_ready()
    assert User(site.url).get("/login/index.php").status_code == 200
    assert set(clients_in_log(site, "203.0.113.9")) == ({"203.0.113.9"} if trusted else {site.gateway})
    again = site.deploy(**variables)
    assert (again.rc, again.changed_tasks) == (0, [])
