# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""destroy.yml: containers go, data stay until their removal is confirmed by the site's name."""

from __future__ import annotations

import typing as t

import pytest
from support.docker import project_containers
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site


@pytest.mark.parametrize("confirmation", ["yes", "another-site"])
def test_wrong_confirmation_is_refused(site: Site, confirmation: str) -> None:
    before = site.identities()
    run = site.destroy(moodle_destroy_data=confirmation)
    assert run.rc != 0
    assert f"moodle_destroy_data is '{confirmation}'" in " ".join(run.output.split())
    assert site.identities() == before


def test_check_mode_removes_nothing(site: Site) -> None:
    before = site.identities()
    run = site.destroy("--check", "--diff", moodle_destroy_data=site.name)
    assert (run.rc, run.total("changed")) == (0, 1), run.reasons
    assert site.identities() == before


def test_data_stay_without_a_confirmation(site: Site) -> None:
    volumes = site.volumes()
    run = site.destroy()
    assert run.rc == 0, run.reasons
    assert not project_containers(site.project)
    assert site.volumes() == volumes
    assert any(site.secrets.iterdir())


def test_site_comes_back_with_its_data(site: Site, admin_password: str) -> None:
    run = site.deploy()
    assert run.rc == 0, run.reasons
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey


def test_confirmed_removal_leaves_nothing_but_what_others_put_there(site: Site) -> None:
    notes = site.directory / "notes.txt"
    notes.write_text("not of the collection", encoding="utf-8")
    run = site.destroy("-e", f"moodle_destroy_data={site.name}")
    assert run.rc == 0, run.reasons
    assert not project_containers(site.project)
    assert not site.volumes()
    assert [path.name for path in site.directory.iterdir()] == [notes.name]
    assert str(notes) in "".join(run.output.split())
    notes.unlink()
    assert site.destroy(moodle_destroy_data=site.name).rc == 0
    assert not site.directory.exists()


def test_second_removal_changes_nothing(site: Site) -> None:
    run = site.destroy(moodle_destroy_data=site.name)
    assert (run.rc, run.total("changed")) == (0, 0)
