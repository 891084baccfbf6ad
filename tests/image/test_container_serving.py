# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The long-running commands: web and php together, through the pooler, and cron."""

from __future__ import annotations

import json
import time

import pytest
from sites import PORT, USER, Engine, Site, get
from support.docker import docker, logs, run
from support.wait import wait_for

pytestmark = pytest.mark.container
BASE = f"http://127.0.0.1:{PORT}"


def test_health_endpoints(served: Site) -> None:
    assert get(f"{BASE}/-/live") == (200, "ok")
    code, text = get(f"{BASE}/-/ready")
    assert (code, json.loads(text)) == (200, {"ready": True, "reasons": []})


@pytest.mark.parametrize(("container", "question"), [("php", "live"), ("php", "ready"), ("web", "web")])
def test_health_commands(engine: Engine, served: Site, container: str, question: str) -> None:
    done = run("exec", f"{engine.name}-{container}", "/opt/campus-moodle/bin/moodle", "health", question)
    assert done.returncode == 0, done.stdout + done.stderr


def test_login_page(served: Site) -> None:
    code, text = get(f"{BASE}/login/index.php")
    assert code == 200
    assert "logintoken" in text


@pytest.mark.parametrize(
    "path",
    [
        "config.php",
        "config-dist.php",
        "admin/cli/cron.php",
        "lib/db/install.xml",
        "composer.json",
        "README.md",
        "lib/upgrade.txt",
        ".git/HEAD",
        "vendor/",
        "node_modules/x.js",
        "lib/classes/",
        "lib/",
        "privacy/tests/fixtures/logo.png",
        "dataroot/filedir/x",
        "nothing.html",
    ],
)
def test_what_nobody_may_see(served: Site, path: str) -> None:
    assert get(f"{BASE}/{path}")[0] == 404


def test_slash_arguments_reach_the_script(served: Site) -> None:
    # The same words in front of a script are refused; behind it they are its argument.
    code, text = get(f"{BASE}/pluginfile.php/1/tests/db/install.xml")
    assert code != 0
    assert "<center>nginx</center>" not in text


def test_maintenance_is_not_ready(served: Site) -> None:
    served.run("maintenance on")
    code, text = get(f"{BASE}/-/ready")
    served.run("maintenance off")
    assert (code, json.loads(text)["reasons"]) == (503, ["The site is in maintenance."])
    assert get(f"{BASE}/-/live")[0] == 200


def test_database_of_another_version_is_not_ready(served: Site) -> None:
    known = served.sql("SELECT value FROM mdl_config WHERE name = 'allversionshash'")
    served.sql("UPDATE mdl_config SET value = 'other' WHERE name = 'allversionshash'")
    code, text = get(f"{BASE}/-/ready")
    served.sql(f"UPDATE mdl_config SET value = '{known}' WHERE name = 'allversionshash'")
    assert (code, json.loads(text)["reasons"]) == (503, ["The database does not have the version of the code."])


def test_web_finds_a_php_that_was_replaced(engine: Engine, served: Site) -> None:
    php = f"{engine.name}-php"
    docker("stop", "--time=20", php)
    code, text = get(f"{BASE}/-/ready")
    assert (code, json.loads(text)["ready"]) == (503, False)
    blocker = engine.start("blocker", served.image, "exec sleep 30", "--tmpfs=/run/moodle:uid=10001", env=served.environment)
    docker("start", php)
    wait_for(lambda: get(f"{BASE}/-/ready")[0] == 200, seconds=15, what="readiness with another address")
    docker("rm", "--force", blocker)


@pytest.mark.parametrize("name", ["php", "web"])
def test_processes_are_the_programs_themselves(engine: Engine, served: Site, name: str) -> None:
    program = docker("exec", f"{engine.name}-{name}", "cat", "/proc/1/comm").strip()
    assert program.startswith({"php": "php-fpm", "web": "nginx"}[name])
    status = docker("exec", f"{engine.name}-{name}", "cat", "/proc/1/status")
    assert f"Uid:\t{USER}" in status
    assert "CapEff:\t0000000000000000" in status


def test_cron_runs_and_stops_when_asked(site: Site) -> None:
    cron = site.start("cron", MOODLE_CRON_KEEP_ALIVE="60", MOODLE_CRON_MEMORY_LIMIT="512M")
    wait_for(lambda: "Running tasks." in logs(cron), seconds=15, what="the first look")
    script = "memory_limit=536870912 /srv/moodle/admin/cli/cron.php"
    wait_for(lambda: script in docker("top", cron), seconds=15, what="the start of the script")
    time.sleep(3)
    started = time.monotonic()
    docker("stop", "--time=60", cron)
    assert time.monotonic() - started < 55
    assert docker("inspect", "--format={{.State.ExitCode}}", cron).strip() == "0"


def test_cron_waits_in_maintenance(engine: Engine, site: Site) -> None:
    twin = engine.clone(site, "cron")
    twin.run("maintenance on")
    cron = twin.start("cron")
    wait_for(lambda: "The site is in maintenance." in logs(cron), seconds=15, what="the reason")
    assert "Running tasks." not in logs(cron)
    twin.run("maintenance off")
    wait_for(lambda: "Running tasks." in logs(cron), seconds=30, what="the first task")
    docker("rm", "--force", cron)


ADHOC_TASKS = {
    "rehearsal": ("tool_generator", r"\tool_generator\task\wait_task"),
    "moodle": ("core", r"\core\task\refresh_mod_calendar_events_task"),
}


def test_adhoc_runs_what_is_queued_and_stops_when_asked(engine: Engine, site: Site) -> None:
    twin = engine.clone(site, "adhoc")
    component, name = ADHOC_TASKS[twin.run("info").result["payload"]]
    twin.sql(f"INSERT INTO mdl_task_adhoc (component, classname, nextruntime, timecreated) VALUES ('{component}', '{name}', 1, 1)")
    adhoc = twin.start("adhoc", MOODLE_CRON_KEEP_ALIVE="60")
    left = f"SELECT count(*) FROM mdl_task_adhoc WHERE classname = '{name}'"
    wait_for(lambda: twin.sql(left) == "0", seconds=60, what="the end of the task")
    docker("stop", "--time=60", adhoc)
    assert docker("inspect", "--format={{.State.ExitCode}}", adhoc).strip() == "0"
    docker("rm", "--force", adhoc)
