# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Crashes and restarts of single services, and the work in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import typing as t

import pytest
from support.docker import docker, inspect
from support.polling import wait_for
from support.site import SERVICES
from support.web import User

if t.TYPE_CHECKING:
    from support.payload import Payload
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


def test_cron_runs_scheduled_tasks(site: Site) -> None:
    """Moodle plans its tasks by the minute, so the next one is never far."""
    begin = int(time.time())
    wait_for(
        lambda: int(site.sql("SELECT COALESCE(MAX(lastruntime), 0) FROM mdl_task_scheduled")) >= begin,
        seconds=180,
        what="the run of a scheduled task",
        interval=2,
    )


def test_adhoc_task_is_executed(site: Site, payload: Payload) -> None:
    """The task goes into the queue as Moodle would put it there; it is gone when it has been executed without an error."""
    log = "SELECT COUNT(*) FROM mdl_task_log WHERE type = 1 AND result = 0"
    before = int(site.sql(log))
    site.sql(
        "INSERT INTO mdl_task_adhoc (component, classname, nextruntime, customdata, timecreated)"
        f" VALUES ('core', '{payload.adhoc_task}', 1, '{{}}', 1)"
    )
    wait_for(
        lambda: int(site.sql(log)) > before and site.sql("SELECT COUNT(*) FROM mdl_task_adhoc WHERE timecreated = 1") == "0",
        seconds=180,
        what="the execution of an adhoc task",
        interval=2,
    )
