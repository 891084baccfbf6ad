# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""site.yml: the first run, the second run, and check mode."""

from __future__ import annotations

import pathlib
import re
import typing as t

if t.TYPE_CHECKING:
    from support.site import Site


def test_first_run_ends_well(site: Site) -> None:
    """The fixture has asserted the exit status; here the site has to be up at once, with no further waiting."""
    assert site.is_ready()


def test_check_mode_shows_no_change_of_a_running_site_and_creates_nothing_of_a_new_one(
    site: Site, make_site: t.Callable[..., Site]
) -> None:
    """Both are hosts of one run."""
    virgin, before = make_site("e2e-virgin"), site.identities()
    inventory = site.controller.write_inventory({one.name: one.variables for one in (site, virgin)})
    run = site.controller.play("site", inventory, "--check", "--diff")
    assert run.rc == 0, run.reasons
    assert run.counts[site.name]["changed"] == 0, run.changed_tasks
    assert site.identities() == before
    assert run.counts[virgin.name]["changed"] > 0, "a new site is a change"
    assert not virgin.directory.exists()
    assert not virgin.containers()
    assert not virgin.volumes()


DECLARED: dict[str, t.Any] = {"moodle_settings": {"core": {"supportname": "Help desk of the e2e tier"}}}
SUPPORT_NAME = "SELECT value FROM mdl_config WHERE name = 'supportname'"


def test_declared_setting_is_shown_first_and_then_enforced_and_the_second_run_changes_nothing_else(site: Site) -> None:
    before, identities = site.sql(SUPPORT_NAME), site.identities()
    shown = site.deploy("--check", "--diff", **DECLARED)
    assert shown.rc == 0, shown.reasons
    assert shown.total("changed") == 1, shown.changed_tasks
    assert "Help desk of the e2e tier" in shown.output
    assert site.sql(SUPPORT_NAME) == before

    site.variables.update(DECLARED)
    applied = site.deploy("--diff")
    assert (applied.rc, applied.total("changed")) == (0, 1), applied.changed_tasks
    assert site.sql(SUPPORT_NAME) == "Help desk of the e2e tier"
    assert site.identities() == identities


def test_a_run_that_finds_all_as_described_changes_nothing(site: Site) -> None:
    before = site.identities()
    run = site.deploy()
    assert (run.rc, run.changed_tasks, run.total("changed")) == (0, [], 0)
    assert site.identities() == before
    assert re.search(r"Image +campus\.moodle/site:\S+ \(\d+ MB, \d+ MB compressed\)", run.output), "the size of the image is not told"


def test_images_that_are_there_are_not_built_again(site: Site) -> None:
    run = site.build()
    assert (run.rc, run.changed_tasks) == (0, [])
    assert site.container("php")["Config"]["Image"] in run.output


def test_setting_changed_by_hand_is_put_right(site: Site) -> None:
    site.execute("php", "php", "/srv/moodle/admin/cli/cfg.php", "--name=supportname", "--set=by hand")
    assert site.deploy().total("changed") == 1
    assert site.sql(SUPPORT_NAME) == "Help desk of the e2e tier"


def test_check_mode_where_no_engine_answers_says_so_and_goes_on(make_site: t.Callable[..., Site], workspace: pathlib.Path) -> None:
    virgin = make_site("e2e-virgin")
    run = virgin.deploy("--check", "--diff", environment={"DOCKER_HOST": f"unix://{workspace}/nobody.sock"})
    assert run.rc == 0, run.reasons
    assert "The Docker engine does not answer" in " ".join(run.output.split())
    assert not virgin.directory.exists()
