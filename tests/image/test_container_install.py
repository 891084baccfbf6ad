# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""preflight and install against a real PostgreSQL: what they find, refuse, repeat and resume."""

from __future__ import annotations

import json

import pytest
from sites import Engine, Site
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
USAGE, UNREACHABLE, REFUSED = 2, 3, 4


def problems(result: dict) -> list[str]:
    """Return the codes of the problems that preflight names."""
    return [problem["code"] for problem in result["problems"]]


def test_preflight_of_an_empty_database(empty_site: Site) -> None:
    done = empty_site.run("preflight --json")
    assert done.code == 0, done.log
    assert (done.result["state"], done.result["action"], done.result["problems"]) == ("empty", "install", [])
    assert empty_site.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


@pytest.mark.parametrize(
    ("environment", "code", "problem", "part"),
    [
        ({"MOODLE_URL": "moodle.example.edu"}, USAGE, "environment", "must start with http"),
        ({"MOODLE_DATABASE_HOST": "nowhere", "MOODLE_DATABASE_WAIT": "1"}, UNREACHABLE, "database", "nowhere:5432"),
        ({"MOODLE_DATABASE_PASSWORD_FILE": "/run/secrets/session"}, UNREACHABLE, "database", "password authentication failed"),
        ({"MOODLE_DATABASE_NAME": "nothing"}, UNREACHABLE, "database", "does not exist"),
        ({"MOODLE_SESSION_HOST": "nowhere", "MOODLE_DATABASE_WAIT": "1"}, UNREACHABLE, "sessions", "nowhere"),
        ({"MOODLE_SESSION_PASSWORD_FILE": "/run/secrets/database", "MOODLE_DATABASE_WAIT": "1"}, UNREACHABLE, "sessions", "cannot be used"),
    ],
)
def test_preflight_names_the_problem(empty_site: Site, environment: dict, code: int, problem: str, part: str) -> None:
    done = empty_site.run("preflight", **environment)
    assert done.code == code, done.log
    assert problems(done.result) == [problem]
    assert part in done.result["problems"][0]["sentence"]
    assert part in done.log


def test_data_folder_that_cannot_be_written(empty_site: Site) -> None:
    # A file keeps the engine from giving the empty volume the owner that the image names.
    steps = "touch /var/moodledata/file && chown 0:0 /var/moodledata && chmod 755 /var/moodledata"
    docker("run", "--rm", "--user=0", "--entrypoint=sh", f"--volume={empty_site.data}:/var/moodledata", empty_site.image, "-c", steps)
    done = empty_site.run("preflight")
    assert (done.code, problems(done.result)) == (REFUSED, ["data"])


def test_tables_that_no_install_made_are_left_alone(empty_site: Site) -> None:
    empty_site.sql("CREATE TABLE mdl_course (id int); ALTER TABLE mdl_course OWNER TO moodle")
    done = empty_site.run("preflight")
    assert (done.code, problems(done.result), done.result["state"]) == (REFUSED, ["foreign"], "foreign")
    assert empty_site.run("install").code == REFUSED
    assert empty_site.sql("SELECT to_regclass('mdl_course')") == "mdl_course"


def test_three_installs_at_once_make_one_site(site: Site) -> None:
    assert sorted(done.result["changed"] for done in site.installs) == [False, False, True]
    assert site.sql("SELECT value FROM mdl_config WHERE name = 'rolesactive'") == "1"
    assert site.sql("SELECT value FROM mdl_config WHERE name = 'campus_site_id'") == site.environment["MOODLE_SITE_ID"]


def test_installing_again_changes_nothing(site: Site) -> None:
    done = site.run("install")
    assert (done.code, done.result) == (0, {"changed": False, "state": "installed"})
    found = site.run("preflight").result
    assert (found["state"], found["action"], found["problems"]) == ("installed", "none", [])


def test_another_sites_tables_are_refused(site: Site) -> None:
    other = {"MOODLE_SITE_ID": "00000000-0000-4000-8000-000000000000"}
    done = site.run("preflight", **other)
    assert (done.code, problems(done.result)) == (REFUSED, ["foreign"])
    for command in ("install", "upgrade"):
        assert site.run(command, **other).code == REFUSED


def test_a_site_without_mark_is_adopted(engine: Engine, site: Site) -> None:
    unmarked = engine.clone(site, "unmarked")
    unmarked.sql("DELETE FROM mdl_config WHERE name = 'campus_site_id'")
    assert unmarked.run("preflight").result["warnings"]
    assert unmarked.run("install").result["changed"] is True
    assert unmarked.run("install").result["changed"] is False


def test_an_install_that_was_cut_is_resumed(empty_site: Site) -> None:
    empty_site.wish('{"install_seconds": 20}')
    container = empty_site.start("install")
    tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'mdl_%'"
    wait_for(lambda: int(empty_site.sql(tables)) >= 3, seconds=60, what="the first tables")
    docker("kill", container)
    empty_site.wish("{}")
    assert empty_site.run("preflight").result["state"] == "partial"
    done = empty_site.run("install")
    assert done.code == 0, done.log[-3000:]
    assert done.result == {"changed": True, "state": "installed"}
    assert "was cut" in done.log


def test_the_last_steps_are_repeated(engine: Engine, site: Site) -> None:
    cut = engine.clone(site, "cut")
    cut.sql("UPDATE campus_moodle_install SET finished = NULL; DELETE FROM mdl_config WHERE name = 'campus_site_id'")
    assert cut.run("preflight").result["state"] == "partial"
    assert cut.run("install").result == {"changed": True, "state": "installed"}


def test_no_secret_shows(engine: Engine, site: Site) -> None:
    shown = "".join(done.out + done.log for done in site.installs)
    container = site.start("cron")
    shown += docker("inspect", container) + docker("top", container, "axo", "pid,args")
    shown += docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    docker("rm", "--force", container)
    assert [name for name, secret in engine.secrets.items() if secret in shown] == []


def test_facts_of_the_image(site: Site) -> None:
    facts = site.run("info").result
    assert {"branch", "release", "version", "layout", "php", "payload"} <= set(facts)
    assert json.dumps(facts)
