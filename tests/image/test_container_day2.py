# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Settings, maintenance, upgrades and the smaller commands on an installed site."""

from __future__ import annotations

import json
import typing as t

import pytest
from sites import Engine, Site

pytestmark = pytest.mark.container
USAGE, REFUSED, MOODLE = 2, 4, 5

# Each works on both layouts of the code.
WEBROOT = "$(test -d /srv/moodle/public/lib && echo /srv/moodle/public || echo /srv/moodle)"
BUMP = rf"sed -i -E 's/^(\s*\$version\s*=\s*[0-9]+)\.([0-9]+)/\1.99/' {WEBROOT}/version.php"
SCHEMA = rf"echo '// another step' >> {WEBROOT}/lib/db/upgrade.php"
BROKEN = (
    "cd /srv/moodle/admin/cli && mv upgrade.php upgrade-whole.php && "
    """printf '<?php if (!preg_grep("/^--(is-|unset)/", $argv)) { fwrite(STDERR, "broken on purpose"); exit(1); }\\n"""
    """require __DIR__ . "/upgrade-whole.php";' > upgrade.php"""
)


@pytest.fixture(scope="module")
def images(engine: Engine) -> dict[str, str]:
    """Return images with newer code than the one under test."""
    return {
        "code": engine.derive("code", BUMP),
        "schema": engine.derive("schema", BUMP, SCHEMA),
        "broken": engine.derive("broken", BUMP, SCHEMA, BROKEN),
    }


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("dance", "no command 'dance'"),
        ("preflight --fast", "Unknown argument --fast"),
        ("maintenance perhaps", "on, off, status"),
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
    assert enforce(site, {"core": {"country": None}})["changed"] is True


def test_settings_that_the_image_decides_are_named(site: Site) -> None:
    result = enforce(site, {"core": {"preventexecpath": "0"}})
    assert (result["changed"], result["locked"]) == (False, ["core/preventexecpath"])


def test_bad_settings_change_nothing(site: Site) -> None:
    done = site.run("settings", stdin="[1, 2]")
    assert done.code == USAGE
    assert "JSON object" in done.log


def test_maintenance(site: Site) -> None:
    assert site.run("maintenance status").result == {"changed": False, "maintenance": False}
    assert site.run("maintenance on").result == {"changed": True, "maintenance": True}
    assert site.run("maintenance on").result == {"changed": False, "maintenance": True}
    assert site.run("health ready").result["reasons"] == ["The site is in maintenance."]
    assert site.run("maintenance off").result == {"changed": True, "maintenance": False}
    assert site.run("maintenance off").result == {"changed": False, "maintenance": False}


def test_moodles_scripts_run(site: Site) -> None:
    done = site.run("exec php /srv/moodle/admin/cli/cfg.php --name=campus_site_id")
    assert done.out.strip() == site.environment["MOODLE_SITE_ID"]


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


def test_code_only_upgrade_needs_no_maintenance(engine: Engine, site: Site, images: dict[str, str]) -> None:
    twin = engine.clone(site, "code")
    plan = twin.run("preflight", image=images["code"]).result
    assert (plan["action"], plan["maintenance_required"]) == ("code", False)
    assert "version of the code" in twin.run("health ready", image=images["code"]).result["reasons"][0]
    done = twin.run("upgrade", image=images["code"])
    assert done.code == 0, done.log[-3000:]
    assert (done.result["changed"], done.result["maintenance"]) == (True, False)
    assert twin.sql("SELECT count(*) FROM mdl_config WHERE name = 'outagelessupgrade' AND value = '1'") == "0"
    assert twin.run("health ready", image=images["code"]).result["ready"] is True
    again = twin.run("upgrade", image=images["code"])
    assert (again.code, again.result["changed"]) == (0, False)
    back = twin.run("preflight")
    assert (back.code, back.result["problems"][0]["code"]) == (REFUSED, "downgrade")
    assert twin.run("upgrade").code == REFUSED


def test_schema_upgrade_asks_for_maintenance(engine: Engine, site: Site, images: dict[str, str]) -> None:
    twin = engine.clone(site, "schema")
    plan = twin.run("preflight", image=images["schema"]).result
    assert (plan["action"], plan["maintenance_required"]) == ("upgrade", True)
    assert twin.run("upgrade", image=images["schema"]).code == REFUSED
    done = twin.run("upgrade --allow-maintenance", image=images["schema"])
    assert done.code == 0, done.log[-3000:]
    assert (done.result["changed"], done.result["maintenance"]) == (True, True)
    assert twin.run("maintenance status", image=images["schema"]).result["maintenance"] is False
    assert twin.run("preflight", image=images["schema"]).result["action"] == "none"


def test_failed_upgrade_leaves_the_site_as_it_was(engine: Engine, site: Site, images: dict[str, str]) -> None:
    twin = engine.clone(site, "broken")
    done = twin.run("upgrade --allow-maintenance", image=images["broken"])
    assert done.code == MOODLE
    assert "broken on purpose" in done.log
    assert "the site runs as before" in done.log
    assert twin.sql("SELECT count(*) FROM mdl_config WHERE name = 'upgraderunning'") == "0"
    assert twin.run("health ready").result == {"ready": True, "reasons": []}
