# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Settings, maintenance, upgrades and the smaller commands on an installed site."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest
from sites import Engine, Site

pytestmark = pytest.mark.container
USAGE, REFUSED, MOODLE = 2, 4, 5


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("dance", "no command 'dance'"),
        ("preflight --fast", "Unknown argument --fast"),
        ("maintenance perhaps", "on, off, later, status"),
        ("maintenance later", "number of minutes"),
        ("maintenance on --minutes=5", "number of minutes"),
        ("tasks --since=yesterday", "number of seconds"),
        ("checks health", "status, security, performance"),
        ("purge now", "Unknown argument now"),
        ("bake", "root"),
    ],
)
def test_bad_usage(site: Site, command: str, part: str) -> None:
    done = site.run(command)
    assert (done.code, part in done.log) == (USAGE, True), done.log


def enforce(site: Site, wanted: dict[str, t.Any], command: str = "settings") -> dict[str, t.Any]:
    """Run the command settings and return its result."""
    done = site.run(command, stdin=json.dumps(wanted))
    assert done.code == 0, done.log
    return done.result


def test_settings_are_enforced_once(site: Site) -> None:
    wanted = {"core": {"country": "DE", "supportname": "Help \u00fc 'desk'"}, "tool_campus": {"apikey": "geheim-17", "on": True}}
    planned = enforce(site, wanted, "settings --check")
    assert planned["changed"] is True
    assert planned["after"]["core"]["country"] == "DE"
    assert enforce(site, wanted, "settings --check") == planned
    done = enforce(site, wanted)
    assert done == planned
    assert "geheim-17" not in json.dumps(done)
    assert enforce(site, wanted) == {"changed": False, "before": {}, "after": {}, "locked": []}
    assert enforce(site, {"core": {"country": ""}, "tool_campus": {"on": None}})["changed"] is True


def test_settings_that_the_image_decides_are_named(site: Site) -> None:
    result = enforce(site, {"core": {"preventexecpath": "0"}})
    assert (result["changed"], result["locked"]) == (False, ["core/preventexecpath"])


@pytest.mark.parametrize(
    ("command", "stdin", "part"),
    [
        ("settings", "[1, 2]", "JSON object"),
        ("users", "[1, 2]", "a JSON object with users"),
        ("users", '{"people": []}', "a JSON object with users"),
        ("users", '{"users": [{"firstname": "A"}]}', "users number 1 must be an object with username"),
        ("users", '{"users": [{"username": "Anna"}]}', "lower case letters"),
        ("users", '{"users": [{"username": "a", "state": "gone", "age": 3}]}', "has no field age"),
        ("users", '{"users": [{"username": "a"}, {"username": "a"}]}', "users a is there twice"),
        ("courses", '{"courses": [{"shortname": "A", "visible": 1}]}', "courses A: visible must be true or false"),
        ("courses", '{"courses": [{"shortname": "A", "enrolments": [{"username": "b", "roles": "c"}]}]}', "roles must be a list of texts"),
    ],
)
def test_bad_input_is_explained(site: Site, command: str, stdin: str, part: str) -> None:
    done = site.run(command, stdin=stdin)
    assert done.code == USAGE
    assert part in done.log
    assert part in " ".join(problem["sentence"] for problem in done.result["problems"])


def maintenance(site: Site, words: str) -> tuple[bool, bool]:
    """Run the command maintenance and return whether it changed something, and whether the site is closed now."""
    done = site.run(f"maintenance {words}")
    assert done.code == 0, done.log
    return done.result["changed"], done.result["maintenance"]


def test_maintenance(site: Site) -> None:
    assert maintenance(site, "status") == (False, False)
    assert maintenance(site, "on --check") == (True, True)
    assert maintenance(site, "on") == (True, True)
    assert maintenance(site, "on") == (False, True)
    assert site.run("health ready").result["reasons"] == ["The site is in maintenance."]
    assert maintenance(site, "later --minutes=5") == (False, True)
    assert maintenance(site, "off") == (True, False)
    assert maintenance(site, "off") == (False, False)


def test_a_date_for_maintenance_closes_the_site_when_it_has_come(site: Site) -> None:
    assert maintenance(site, "later --minutes=5") == (True, False)
    assert site.run("maintenance later --minutes=9").result["after"]["state"] == "later"
    site.sql("UPDATE mdl_config SET value = '1' WHERE name = 'maintenance_later'")
    assert maintenance(site, "status") == (False, True)
    assert maintenance(site, "off") == (True, False)
    assert site.run("health ready").result["ready"] is True


def test_moodles_scripts_run(site: Site) -> None:
    done = site.run("exec php /srv/moodle/admin/cli/cfg.php --name=campus_site_id")
    assert done.out.strip() == site.environment["MOODLE_SITE_ID"]


def test_a_purge_gives_pages_new_addresses(engine: Engine, site: Site) -> None:
    twin = engine.clone(site, "purged")
    revisions = "SELECT string_agg(value, ' ' ORDER BY name) FROM mdl_config WHERE name IN ('jsrev', 'langrev', 'themerev')"
    seen = [[int(value) for value in twin.sql(revisions).split()]]
    for _time in range(2):
        done = twin.run("purge")
        assert (done.code, done.result) == (0, {"changed": True}), done.log
        seen.append([int(value) for value in twin.sql(revisions).split()])
    rises = [later > earlier for before, after in itertools.pairwise(seen) for earlier, later in zip(before, after, strict=True)]
    assert rises == [True] * 6


def test_without_a_site_there_is_nothing_to_purge(empty_site: Site) -> None:
    done = empty_site.run("purge")
    assert (done.code, done.result) == (0, {"changed": False}), done.log
    empty_site.sql("CREATE TABLE mdl_course (id int); ALTER TABLE mdl_course OWNER TO moodle")
    assert empty_site.run("purge").result["problems"][0]["code"] == "foreign"


def test_nothing_to_upgrade(site: Site) -> None:
    done = site.run("upgrade")
    assert (done.code, done.result["changed"]) == (0, False)


def test_upgrade_of_nothing_is_refused(empty_site: Site) -> None:
    assert empty_site.run("upgrade").code == REFUSED


def test_missing_plugin_is_refused_and_kept(engine: Engine, site: Site) -> None:
    twin = engine.clone(site, "plugin")
    twin.sql("INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('mod_campusgone', 'version', '2024010100')")
    done = twin.run("preflight")
    assert (done.code, done.result["missing_plugins"]) == (REFUSED, ["mod_campusgone"])
    assert twin.run("upgrade").code == REFUSED
    assert twin.sql("SELECT count(*) FROM mdl_config_plugins WHERE plugin = 'mod_campusgone'") == "1"


def test_code_only_upgrade_needs_no_maintenance(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "code")
    plan = twin.run("preflight", image=newer_images["code"]).result
    assert (plan["action"], plan["maintenance_required"]) == ("code", False)
    assert "version of the code" in twin.run("health ready", image=newer_images["code"]).result["reasons"][0]
    done = twin.run("upgrade", image=newer_images["code"])
    assert done.code == 0, done.log[-3000:]
    assert (done.result["changed"], done.result["maintenance"]) == (True, False)
    assert twin.sql("SELECT count(*) FROM mdl_config WHERE name = 'outagelessupgrade' AND value = '1'") == "0"
    assert twin.run("health ready", image=newer_images["code"]).result["ready"] is True
    again = twin.run("upgrade", image=newer_images["code"])
    assert (again.code, again.result["changed"]) == (0, False)
    back = twin.run("preflight")
    assert (back.code, back.result["problems"][0]["code"]) == (REFUSED, "downgrade")
    assert twin.run("upgrade").code == REFUSED


def test_schema_upgrade_asks_for_maintenance(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "schema")
    plan = twin.run("preflight", image=newer_images["schema"]).result
    assert (plan["action"], plan["maintenance_required"]) == ("upgrade", True)
    assert twin.run("upgrade", image=newer_images["schema"]).code == REFUSED
    done = twin.run("upgrade --allow-maintenance", image=newer_images["schema"])
    assert done.code == 0, done.log[-3000:]
    assert (done.result["changed"], done.result["maintenance"]) == (True, True)
    assert twin.run("maintenance status", image=newer_images["schema"]).result["maintenance"] is False
    assert twin.run("preflight", image=newer_images["schema"]).result["action"] == "none"


def test_failed_upgrade_leaves_the_site_as_it_was(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "broken")
    done = twin.run("upgrade --allow-maintenance", image=newer_images["broken"])
    assert (done.code, done.result["database_changed"]) == (MOODLE, False)
    assert "broken on purpose" in done.log
    assert "the site runs as before" in done.log
    assert twin.sql("SELECT count(*) FROM mdl_config WHERE name = 'upgraderunning'") == "0"
    assert twin.run("health ready").result == {"ready": True, "reasons": []}


def test_upgrade_that_fails_late_says_so_and_leaves_the_site_closed(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "late")
    done = twin.run("upgrade --allow-maintenance", image=newer_images["broken late"])
    assert (done.code, done.result["database_changed"]) == (MOODLE, True)
    assert "so the site stays in maintenance" in done.log
    assert maintenance(twin, "status") == (False, True)


def test_a_failure_inside_moodle_is_an_answer_too(engine: Engine, site: Site) -> None:
    twin = engine.clone(site, "holes")
    twin.sql("ALTER TABLE mdl_user RENAME TO mdl_nobody")
    done = twin.run("users", stdin='{"users": [{"username": "anna"}]}')
    assert (done.code, done.result["problems"][0]["code"]) == (MOODLE, "moodle")
    assert "Moodle failed in the step 'users'" in done.log
