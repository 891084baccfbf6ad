# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A newer release in the inventory: what is refused, what nobody notices, what needs maintenance."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from support.load import load_on
from support.web import User

if t.TYPE_CHECKING:
    from support.payload import Archive, Payload
    from support.site import Site

MAINTENANCE = "The site is in maintenance."  # one of the reasons that /-/ready gives
MISSING = "local_e2emissing"
VERSION = "SELECT value FROM mdl_config WHERE name = 'version'"
STEP = 0.2  # seconds between two looks at the readiness of the site


def available(archive: Archive | None, payload: Payload) -> Archive:
    """Return the release, or skip the test with the reason why the payload has none."""
    if archive is None:
        pytest.skip(payload.missing)
    return archive


@pytest.fixture
def plugin_without_code(site: Site) -> t.Iterator[str]:
    """A plugin that the database knows and the image lacks."""
    site.sql(f"INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('{MISSING}', 'version', '2024010100')")
    yield MISSING
    site.sql(f"DELETE FROM mdl_config_plugins WHERE plugin = '{MISSING}'")


def test_upgrade_is_refused_while_a_plugin_is_missing(site: Site, payload: Payload, plugin_without_code: str) -> None:
    newer = available(payload.schema, payload)
    before = site.identities()
    run = site.deploy(**newer.variables)
    assert run.rc != 0
    assert plugin_without_code in run.output
    assert site.identities() == before
    assert site.is_ready()


def test_change_of_code_is_rolled_out_without_a_failed_request(site: Site, payload: Payload, admin_password: str) -> None:
    newer = available(payload.code, payload)
    image = site.container("php")["Image"]
    user = User(site.url)
    user.login("admin", admin_password)
    site.variables.update(newer.variables)
    with load_on(site.url) as outcome:
        run = site.deploy()
    assert run.rc == 0, run.reasons
    assert outcome.failures == []
    assert outcome.good > 20, "there was too little load to prove anything"
    assert site.container("php")["Image"] != image
    assert user.is_logged_in()
    assert site.deploy().total("changed") == 0


def test_upgrade_to_the_next_version_is_rolled_out_without_a_failed_request(site: Site, payload: Payload, admin_password: str) -> None:
    """The next version changes no part of the database, so Moodle upgrades while the old code goes on answering."""
    newer = available(payload.patch, payload)
    version, image = site.sql(VERSION), site.container("php")["Image"]
    user = User(site.url)
    user.login("admin", admin_password)
    site.variables.update(newer.variables)
    with load_on(site.url) as outcome, Watch(site) as watch:
        run = site.deploy()
    assert run.rc == 0, run.reasons
    assert outcome.failures == []
    assert outcome.good > 20, "there was too little load to prove anything"
    assert MAINTENANCE not in watch.reasons
    assert float(site.sql(VERSION)) > float(version)
    assert site.container("php")["Image"] != image
    assert site.is_ready()
    assert user.is_logged_in()
    assert site.deploy().total("changed") == 0


class Watch:
    """Looks at the site's readiness while something else happens; reasons collects what it was not ready for."""

    def __init__(self, site: Site) -> None:
        self.reasons: set[str] = set()
        self._site = site
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(STEP):
            try:
                answer = self._site.answer("/-/ready")
                self.reasons.update(answer.json()["reasons"])
            except (OSError, ValueError, KeyError):
                self.reasons.add("unreachable")


def test_schema_upgrade_uses_maintenance_and_keeps_sessions(site: Site, payload: Payload, admin_password: str) -> None:
    newer = available(payload.schema, payload)
    user = User(site.url)
    user.login("admin", admin_password)
    version = site.sql(VERSION)
    site.variables.update(newer.variables)
    with Watch(site) as watch:
        run = site.deploy()
    assert run.rc == 0, run.reasons
    # Which releases of real Moodle need maintenance, Moodle decides; the rehearsal payload's does.
    assert watch.reasons >= ({MAINTENANCE} if payload.kind == "rehearsal" else set())
    assert float(site.sql(VERSION)) > float(version)
    assert site.is_ready()
    assert user.is_logged_in()
    assert site.execute("php", "php", "/srv/moodle/admin/cli/check_database_schema.php")
    assert site.deploy().total("changed") == 0


def test_maintenance_is_over(site: Site) -> None:
    assert site.moodle("maintenance", "status")["maintenance"] is False
    assert site.sql("SELECT COUNT(*) FROM mdl_config WHERE name IN ('maintenance_enabled', 'outagelessupgrade') AND value = '1'") == "0"


def test_downgrade_is_refused(site: Site, payload: Payload) -> None:
    available(payload.schema, payload)
    before = site.identities()
    begin = time.monotonic()
    run = site.deploy(**payload.base.variables)
    assert run.rc != 0
    assert "older" in run.reasons, run.reasons
    assert site.identities() == before
    assert site.is_ready(), f"{time.monotonic() - begin:.0f} seconds after the refusal"
