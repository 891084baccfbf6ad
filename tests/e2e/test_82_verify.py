# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""verify.yml on the second site, which has a mail catcher: a site that works, one that does not, and what a cut run left."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import requests
from support.docker import docker
from support.wait import wait_for

if t.TYPE_CHECKING:
    import pathlib

    from support.playbook import Run
    from support.site import Site

OPERATOR = "operator@example.org"
STEPS = ["page", "account", "login", "refusal", "course", "file", "mail", "cron", "cleanup"]
ROW = re.compile(r'"(\S+) +(ok|failed|skipped) +[0-9.]+ s  (.*?)",?\n')
# As site_smoke makes passwords: this one is nobody's.
SHAPE = re.compile(r"(?:[a-z][A-Z][0-9](?:[-_.:!%+]|%(?:3A|21|25|2B))){8}")
SAMPLES = ("aB3-" * 8, "aB3%2B" * 8)
# What a test leaves in tables that a person would notice.
LEFT = """SELECT (SELECT count(*) FROM mdl_user WHERE username LIKE 'campus-verify-%' AND deleted = 0),
    (SELECT count(*) FROM mdl_course WHERE shortname LIKE 'campus-verify-%'),
    (SELECT count(*) FROM mdl_task_adhoc WHERE classname LIKE '%Smoke'),
    (SELECT count(*) FROM mdl_files WHERE filename LIKE 'campus-verify-%')"""
MISCOUNTED = "SELECT count(*) FROM mdl_course_categories c WHERE coursecount <> (SELECT count(*) FROM mdl_course WHERE category = c.id)"
PROGRAM = "/opt/campus-moodle/bin/moodle"

Verify = t.Callable[..., "Run"]


@pytest.fixture
def verify(neighbour: Site) -> Verify:
    """verify(*arguments, moodle_x=...) runs the playbook."""

    def run(*arguments: str, **variables: t.Any) -> Run:
        inventory = neighbour.controller.write_inventory({neighbour.name: {**neighbour.variables, **variables}})
        return neighbour.controller.play("verify", inventory, *arguments, timeout=600)

    return run


def report(run: Run) -> dict[str, str]:
    """Return the state of each step."""
    return {step: state for step, state, _sentence in ROW.findall(run.output)}


def mails(site: Site) -> list[str]:
    """Return the mails to the operator that the catcher has."""
    found = requests.get(f"http://127.0.0.1:{site.variables['moodle_mail_http_port']}/api/v2/messages", timeout=10).json()["items"]
    return [json.dumps(mail) for mail in found if OPERATOR in json.dumps(mail)]


def test_a_site_that_works(neighbour: Site, verify: Verify) -> None:
    run = verify("-vvv", "-e", f"moodle_verify_mail_to={OPERATOR}")
    assert run.rc == 0, run.reasons
    assert report(run) == dict.fromkeys(STEPS, "ok")
    (mail,) = wait_for(lambda: mails(neighbour), seconds=20, what="the arrival of the test mail")
    assert "Test mail of 127.0.0.1" in mail
    assert neighbour.sql(LEFT) == "0|0|0|0"
    if neighbour.sql("SELECT to_regclass('mdl_tool_recyclebin_category')"):
        assert neighbour.sql("SELECT count(*) FROM mdl_tool_recyclebin_category WHERE shortname LIKE 'campus-verify-%'") == "0"
    # As above, real Moodle alone has it.
    if neighbour.sql("SELECT 1 FROM information_schema.columns WHERE table_name = 'mdl_course_categories' AND column_name = 'coursecount'"):
        assert neighbour.sql(MISCOUNTED) == "0"
    assert all(SHAPE.search(sample) for sample in SAMPLES)
    logs = "".join(neighbour.logs(service) for service in ("php", "web", "cron", "adhoc"))
    assert not SHAPE.search(run.output + logs)


def test_check_mode_makes_nothing(neighbour: Site, verify: Verify) -> None:
    accounts = "SELECT max(id) FROM mdl_user"
    before = neighbour.sql(accounts)
    run = verify("--check", moodle_verify_mail_to=OPERATOR)
    assert (run.rc, run.changed_tasks) == (0, []), run.reasons
    assert report(run) == {**dict.fromkeys(STEPS, "skipped"), "page": "ok"}
    assert neighbour.sql(accounts) == before


def test_everything_that_is_wrong_is_said_at_once(neighbour: Site, verify: Verify, tmp_path: pathlib.Path) -> None:
    """Nobody runs background tasks, no server takes mail, the page has no form, and the school has a check of its own that fails."""
    (tmp_path / "10-school.yml").write_text(
        json.dumps([{"name": "Count", "ansible.builtin.fail": {"msg": "{{ verify_site.name }} lacks a library."}}]), encoding="utf-8"
    )
    stopped = [container["Id"] for service in ("cron", "adhoc", "mail") for container in neighbour.containers(service)]
    docker("stop", "--time", "60", *stopped)
    try:
        wrong = {"moodle_verify_tasks": str(tmp_path), "moodle_verify_login": "/-/live", "moodle_verify_mail_to": OPERATOR}
        run = verify(**wrong, moodle_verify_cron_wait=10)
    finally:
        docker("start", *stopped)
    assert run.rc != 0
    failed, skipped = ("page", "mail", "cron", "10-school"), ("login", "refusal", "course", "file")
    states = {**dict.fromkeys(failed, "failed"), **dict.fromkeys(skipped, "skipped"), "account": "ok", "cleanup": "ok"}
    assert report(run) == states
    assert "page: The page /-/live leads to /-/live and has no form for name and password" in run.reasons
    assert re.search(r"mail: The mail server mail:1025 did not take the mail: \w.*\n", run.reasons)
    assert re.search(r"cron: A background task was not run within \d+ seconds; cron started \d+ seconds ago", run.reasons)
    assert f"10-school: Count: {neighbour.name} lacks a library." in run.reasons
    assert neighbour.sql(LEFT) == "0|0|0|0"


def test_what_a_cut_run_left_is_removed_and_no_other(neighbour: Site, verify: Verify) -> None:
    """One account is from a run that was cut yesterday, one from a run that may still go on, and one only looks like ours."""
    addresses = {f"campus-verify-{name}": "campus-verify.invalid" for name in ("cut00000", "fresh000")} | {
        "campus-verify-person": "example.org"
    }
    users = [{"username": name, "firstname": "A", "lastname": "B", "email": f"{name}@{domain}"} for name, domain in addresses.items()]
    neighbour.execute("php", PROGRAM, "users", stdin=json.dumps({"users": users}))
    courses = [{"shortname": name, "idnumber": name, "fullname": name} for name in list(addresses)[:2]]
    neighbour.execute("php", PROGRAM, "courses", stdin=json.dumps({"courses": courses}))
    yesterday = "SET timecreated = timecreated - 86400 WHERE"
    neighbour.sql(f"UPDATE mdl_user {yesterday} username IN ('campus-verify-cut00000', 'campus-verify-person')")
    neighbour.sql(f"UPDATE mdl_course {yesterday} shortname = 'campus-verify-cut00000'")
    run = verify()
    assert run.rc == 0, run.reasons
    assert "Earlier runs had left course campus-verify-cut00000, account campus-verify-cut00000, which was removed." in run.output
    here = "SELECT username FROM mdl_user WHERE username LIKE 'campus-verify-%' AND deleted = 0 ORDER BY 1"
    assert neighbour.sql(here).split() == ["campus-verify-fresh000", "campus-verify-person"]
    assert neighbour.moodle("smoke", "end", "--name=campus-verify-fresh000")["removed"] == [
        "course campus-verify-fresh000",
        "account campus-verify-fresh000",
    ]
    gone = {"users": [{"username": "campus-verify-person", "state": "absent"}]}
    neighbour.execute("php", PROGRAM, "users", stdin=json.dumps(gone))
    assert neighbour.sql(LEFT) == "0|0|0|0"
