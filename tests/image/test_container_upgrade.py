# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What an upgrade does when something is in its way: locks of others, locks of its own, tables that differ, plugins that are gone."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import typing as t

import pytest
from changes import BUMP, BUMP_AGAIN, FORGOTTEN_COLUMN, IMPATIENT, NEW_TABLE, REMOVES, UNFULFILLED
from sites import Engine, Site
from support.wait import wait_for

pytestmark = pytest.mark.container
REFUSED, MOODLE, LOCKED = 4, 5, 6

EXTRA_TABLES = """SET ROLE moodle; DO $do$ BEGIN
  FOR number IN 1..400 LOOP EXECUTE format('CREATE TABLE mdl_campus_a_table_that_nobody_describes_%s (id bigint)', number); END LOOP;
END $do$"""


@contextlib.contextmanager
def lock_of(engine: Engine, site: Site) -> t.Iterator[None]:
    """Hold the lock of install and upgrade, as another container does that works on the site."""
    key = int.from_bytes(hashlib.sha256(b"campus.moodle mdl_").digest()[:8], "little", signed=True)
    command = ["docker", "exec", "--interactive", f"{engine.name}-db", "psql", "-U", "postgres", "-X", "-q", "-d", site.database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as session:
        assert session.stdin is not None
        session.stdin.write(f"SELECT pg_advisory_lock({key});\n")
        session.stdin.flush()
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        wait_for(lambda: site.sql(held) != "0", seconds=20, what="the lock")
        yield


def test_a_lock_that_another_container_holds_too_long_ends_the_command(engine: Engine, site: Site) -> None:
    impatient = engine.derive("impatient", IMPATIENT)
    twin = engine.clone(site, "locked")
    with lock_of(engine, twin):
        for command in ("install", "upgrade"):
            done = twin.run(command, image=impatient)
            assert (done.code, done.result["problems"][0]["code"]) == (LOCKED, "locked"), done.log
            assert "for more than 2 seconds" in done.log
    assert twin.run("install", image=impatient).code == 0


def test_moodles_lock_is_taken_away_when_an_upgrade_without_maintenance_fails(engine: Engine, site: Site) -> None:
    unfulfilled = engine.derive("unfulfilled", BUMP, UNFULFILLED)
    twin = engine.clone(site, "unfulfilled")
    assert twin.run("preflight", image=unfulfilled).result["action"] == "code"
    done = twin.run("upgrade", image=unfulfilled)
    assert (done.code, done.result["database_changed"]) == (MOODLE, False), done.log
    assert "mod_forum" in done.log
    # Taken away is the value; Moodle leaves the row.
    assert twin.sql("SELECT count(*), count(*) FILTER (WHERE value = '1') FROM mdl_config WHERE name = 'outagelessupgrade'") == "1|0"
    assert twin.run("health ready").result == {"ready": True, "reasons": []}


def test_tables_that_differed_before_are_a_warning_however_many_they_are(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "differing")
    twin.sql(EXTRA_TABLES)
    done = twin.run("upgrade", image=newer_images["code"])
    assert done.code == 0, done.log[-3000:]
    assert "as they did before the upgrade: campus_a_table" in done.result["warnings"][0]
    assert done.result["warnings"][0].endswith("; and 370 more")


def test_a_table_that_differs_since_the_upgrade_is_a_failure_that_names_it(engine: Engine, site: Site) -> None:
    careless = engine.derive("careless", BUMP, NEW_TABLE)
    twin = engine.clone(site, "careless")
    twin.sql(EXTRA_TABLES)
    done = twin.run("upgrade", image=careless)
    assert (done.code, done.result["database_changed"]) == (MOODLE, True), done.log[-3000:]
    assert [problem["code"] for problem in done.result["problems"]] == ["schema"] * 3
    assert done.result["problems"][1]["sentence"].startswith("campusnew: ")


def test_a_column_that_the_upgrade_forgot_is_a_failure_once(engine: Engine, site: Site) -> None:
    forgetful = engine.derive("forgetful", BUMP, FORGOTTEN_COLUMN)
    twin = engine.clone(site, "forgetful")
    done = twin.run("upgrade --allow-maintenance", image=forgetful)
    assert (done.code, done.result["database_changed"]) == (MOODLE, True), done.log[-3000:]
    assert [problem["code"] for problem in done.result["problems"]] == ["schema"] * 3
    assert done.result["problems"][1]["sentence"].endswith(": column 'campusnew' is missing")
    # From now on it is known, and the next upgrade is not to blame for it.
    again = twin.run("upgrade", image=engine.derive("forgetful-next", BUMP_AGAIN, base=forgetful))
    assert again.code == 0, again.log[-3000:]
    assert again.result["warnings"][0].endswith(": column 'campusnew' is missing")


def test_a_plugin_that_the_database_has_in_a_newer_version_is_refused(engine: Engine, site: Site, newer_images: dict[str, str]) -> None:
    twin = engine.clone(site, "older")
    twin.sql("UPDATE mdl_config_plugins SET value = (value::numeric + 1)::text WHERE plugin = 'mod_forum' AND name = 'version'")
    newer = twin.sql("SELECT value FROM mdl_config_plugins WHERE plugin = 'mod_forum' AND name = 'version'")
    for image in (site.image, newer_images["code"]):
        done = twin.run("preflight", image=image)
        assert (done.code, [problem["code"] for problem in done.result["problems"]]) == (REFUSED, ["downgrade"]), done.log
        assert f"mod_forum (database: {newer}, image: {int(newer) - 1})" in done.result["problems"][0]["sentence"]
        assert twin.run("upgrade", image=image).code == REFUSED


def test_a_plugin_that_moodle_itself_took_out_is_not_missing(engine: Engine, site: Site) -> None:
    image = engine.derive("removes", REMOVES) if site.run("info").result["payload"] == "rehearsal" else site.image
    twin = engine.clone(site, "removed")
    for component in ("theme_clean", "mod_campusgone"):
        twin.sql(f"INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('{component}', 'version', '2018051400')")
    done = twin.run("preflight", image=image)
    assert (done.code, done.result["missing_plugins"]) == (REFUSED, ["mod_campusgone"]), done.log
    twin.sql("DELETE FROM mdl_config_plugins WHERE plugin = 'mod_campusgone'")
    assert twin.run("preflight", image=image).result["missing_plugins"] == []
