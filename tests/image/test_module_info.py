# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The modules that look at a site and may say no, the examples of all moodle_* modules, and where secrets do not show."""

from __future__ import annotations

import time
import typing as t

import pytest
from sites import Site
from support import modules
from support.docker import logs

pytestmark = pytest.mark.container
Module = t.Callable[..., dict[str, t.Any]]

CRON_NOW = """DELETE FROM mdl_config_plugins WHERE plugin = 'tool_task' AND name = 'lastcronstart';
INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('tool_task', 'lastcronstart', extract(epoch FROM now())::int)"""
QUEUED = r"""INSERT INTO mdl_task_adhoc (component, classname, nextruntime, timecreated{columns})
VALUES ('core', '\core\task\x', {due}, {due}{values})"""


def test_plugins(moodle: Module, used_site: Site) -> None:
    found = moodle("plugin_info", components=["mod_forum", "enrol_manual"])
    assert [plugin["component"] for plugin in found["plugins"]] == ["enrol_manual", "mod_forum"]
    forum = found["plugins"][1]
    assert (forum["status"], forum["standard"], forum["requirements_met"]) == ("uptodate", True, True)
    assert forum["version_disk"] == forum["version_database"]
    assert (found["missing"], found["pending"], found["failing"]) == ([], [], [])
    assert moodle("plugin_info", additional=True)["plugins"] == []


def test_a_missing_plugin_and_one_to_upgrade_are_named(moodle: Module, used_site: Site) -> None:
    used_site.sql("INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('mod_campusgone', 'version', '2024010100')")
    used_site.sql("UPDATE mdl_config_plugins SET value = (value::numeric - 1)::text WHERE plugin = 'mod_forum' AND name = 'version'")
    found = moodle("plugin_info")
    additional = moodle("plugin_info", additional=True)["plugins"]
    used_site.sql("UPDATE mdl_config_plugins SET value = (value::numeric + 1)::text WHERE plugin = 'mod_forum' AND name = 'version'")
    used_site.sql("DELETE FROM mdl_config_plugins WHERE plugin = 'mod_campusgone'")
    assert (found["missing"], found["pending"]) == (["mod_campusgone"], ["mod_forum"])
    gone = additional[0]
    assert (gone["status"], gone["version_disk"], gone["version_database"]) == ("missing", None, "2024010100")


def test_checks_are_data_and_a_gate(moodle: Module, used_site: Site) -> None:
    used_site.sql("DELETE FROM mdl_config_plugins WHERE plugin = 'tool_task' AND name = 'lastcronstart'")
    found = moodle("check_info")
    assert (found["failed"], found["worst"], found["checks"][0]["ref"]) == (False, "critical", "tool_task_cronrunning")
    assert "core_environment" in [check["ref"] for check in found["checks"]]
    refused = moodle("check_info", fail_on="critical")
    assert (refused["failed"], refused["error"], refused["failed_checks"]) == (True, "checks", ["tool_task_cronrunning"])
    assert moodle("check_info", fail_on="critical", refs=["core_environment"])["worst"] == "ok"
    assert moodle("check_info", refs=["core_environmnt"])["error"] == "unknown_check"
    advice = moodle("check_info", types=["performance"])
    assert {check["type"] for check in advice["checks"]} == {"performance"}


def test_a_check_without_an_answer_does_not_hide_a_critical_one(moodle: Module, used_site: Site) -> None:
    if used_site.run("info").result["payload"] != "rehearsal":
        pytest.skip("no check of a healthy Moodle is without an answer")
    used_site.sql("DELETE FROM mdl_config_plugins WHERE plugin = 'tool_task' AND name = 'lastcronstart'")
    used_site.wish('{"check_unknown": true}')
    own = used_site.run("exec php /srv/moodle/admin/cli/checks.php")
    found = moodle("check_info", fail_on="critical")
    used_site.wish("{}")
    assert (own.code, own.out.split(":")[0]) == (3, "UNKNOWN")
    assert found["failed_checks"] == ["tool_task_cronrunning"]
    assert found["counts"]["unknown"] == 1


def test_tasks_are_counted_and_a_gate(moodle: Module, used_site: Site) -> None:
    used_site.sql(f"{CRON_NOW}; DELETE FROM mdl_task_adhoc")
    found = moodle("task_info", max_cron_age=300, max_queue=0, max_failing=0, max_running=0)
    assert not found["failed"], found["msg"]
    assert found["cron"]["enabled"] is True
    hour_ago = int(time.time()) - 3600
    used_site.sql(QUEUED.format(due=hour_ago, columns="", values=""))
    used_site.sql(QUEUED.format(due=hour_ago, columns=", faildelay, attemptsavailable", values=", 60, 0"))
    used_site.sql(QUEUED.format(due=hour_ago, columns=", timestarted, hostname, pid", values=f", {hour_ago}, '123', 7"))
    refused = moodle("task_info", max_queue=0, max_queue_age=600, max_failing=0, max_running=600, max_cron_age=300)
    used_site.sql("DELETE FROM mdl_task_adhoc")
    assert (refused["failed"], refused["error"]) == (True, "tasks")
    assert [violation["option"] for violation in refused["violations"]] == ["max_queue", "max_queue_age", "max_failing", "max_running"]
    # The one that was given up and the one that runs are not waiting.
    numbers = {name: refused["queue"][name] for name in ("size", "due", "running", "failing", "given_up")}
    assert numbers == {"size": 3, "due": 1, "running": 1, "failing": 1, "given_up": 1}
    assert (refused["running"][0]["classname"], refused["running"][0]["host"], refused["running"][0]["pid"]) == ("core\\task\\x", "123", 7)


def test_failures_come_from_the_log(moodle: Module, used_site: Site) -> None:
    columns = "type, component, classname, userid, timestart, timeend, dbreads, dbwrites, output, result"
    now = int(time.time())
    used_site.sql("DELETE FROM mdl_task_log")
    for age, result in ((10, 1), (20, 0), (5000, 1)):
        row = f"0, 'core', 'core\\task\\x', 0, {now - age}, {now - age + 1}, 0, 0, '', {result}"
        used_site.sql(f"INSERT INTO mdl_task_log ({columns}) VALUES ({row})")
    found = moodle("task_info", since=600)
    assert found["failures"] == [{"classname": "core\\task\\x", "type": "scheduled", "runs": 2, "failures": 1, "last_failure": now - 9}]


# Module, users that its examples ask for
EXAMPLES = [
    ("moodle_config", []),
    ("moodle_maintenance", []),
    ("moodle_upgrade", []),
    ("moodle_plugin_info", []),
    ("moodle_check_info", []),
    ("moodle_task_info", []),
    ("moodle_user", []),
    ("moodle_course", ["curie", "joliot"]),
]


@pytest.mark.parametrize(("name", "users"), EXAMPLES, ids=[name for name, _users in EXAMPLES])
def test_examples_run(name: str, users: list[str], moodle: Module, used_site: Site, run_play: t.Any) -> None:
    used_site.sql(f"{CRON_NOW}; DELETE FROM mdl_task_adhoc; UPDATE mdl_task_scheduled SET faildelay = 0")
    rows = [{"username": user, "firstname": "X", "lastname": "Y", "email": f"{user}-2@example.edu"} for user in users]
    assert not moodle("user", users=rows)["failed"]
    variables = {"moodle_runner": used_site.runner(), "first_password": "First-1-secret", "second_password": "Second-2-secret"}
    done = run_play(modules.examples_of(name), variables={**variables, "vault_recaptcha_key": "key-17"})
    assert done.rc == 0, done.output[-3000:]


def test_a_password_shows_nowhere(moodle: Module, used_site: Site, run_play: t.Any) -> None:
    good, bad = "Canary-1-password", "canarywithoutdigits"
    user = {"username": "canary", "firstname": "C", "lastname": "C", "email": "canary@example.edu"}
    tasks = [
        {"ignore_errors": True, "campus.moodle.moodle_user": {"runner": used_site.runner(), "users": [{**user, "password": password}]}}
        for password in (bad, good)
    ]
    shown = "".join(run_play(tasks, check=check).output for check in (True, False))
    assert shown.count("needs another password") > 1
    shown += logs(used_site.runner()[3])
    assert [secret for secret in (good, bad) if secret in shown] == []
    moodle("user", users=[{"username": "canary", "state": "absent"}], confirm_absent=["canary"])
