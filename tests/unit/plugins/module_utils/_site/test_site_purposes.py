# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Descriptions for backups, restores and drills: what counts, what has to be given, and that no secret is part of them."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.plugins.module_utils._site.targets.table import TARGETS
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import OPTIONS, around

PASSWORD, KEY = "canary-repository", "canary-key"
GIVEN: dict[str, t.Any] = {
    "moodle_name": "physics",
    "moodle_backup_repository": f"rest:https://backup:{PASSWORD}@backup.example.edu/physics",
    "moodle_backup_password": PASSWORD,
    "moodle_backup_environment": {"AWS_SECRET_ACCESS_KEY": KEY},
}
# None of it matters to a backup: there is no host name, and the rest would refuse a run.
IN_THE_WAY = {"moodle_branch": "4.4", "moodle_tls": "certificate", "moodle_tls_certificate": "expired.pem", "moodle_size": "huge"}


@pytest.mark.parametrize(("purpose", "shown"), [("backup", {"backup"}), ("restore", {"backup", "restore"}), ("drill", {"backup", "drill"})])
def test_a_site_that_could_not_run_can_be_saved(purpose: str, shown: set[str]) -> None:
    outcome = describe(OPTIONS, {**GIVEN, **IN_THE_WAY}, around(), purpose)
    assert (outcome.problems, outcome.warnings) == ([], [])
    assert set(outcome.spec) == {"name", "secrets_given", "target", "project", "directory", *shown}
    assert outcome.spec["target"]["runner"][:4] == ["docker", "compose", "--project-name", "moodle-physics"]
    assert outcome.spec["backup"] == {
        "program": "restic",
        "tag": None,
        "keep": {"within_daily": "14d", "within_monthly": "1y", "tags": ["before-upgrade"]},
        "max_age": "26h",
    }


@pytest.mark.parametrize("purpose", ["site", "backup", "restore", "drill"])
def test_what_opens_the_repository_is_in_no_description(purpose: str) -> None:
    outcome = describe(OPTIONS, {**GIVEN, "moodle_hostname": "moodle.example.edu"}, around(), purpose)
    assert outcome.problems == []
    assert {"backup_repository", "backup_password", "backup_environment"} <= set(outcome.spec["secrets_given"])
    assert PASSWORD not in str(outcome)
    assert KEY not in str(outcome)


def test_a_wrong_environment_is_refused_without_being_shown() -> None:
    (problem,) = describe(OPTIONS, {**GIVEN, "moodle_backup_environment": KEY}, around(), "backup").problems
    assert problem.startswith("moodle_backup_environment is given, ")
    assert KEY not in problem


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("moodle_backup_repository", None, "moodle_backup_repository is missing"),
        ("moodle_backup_password", "", "moodle_backup_password is missing"),
        ("moodle_backup_tag", "two words", "moodle_backup_tag is 'two words', which is not a valid tag"),
        ("moodle_backup_max_age", "a day", "moodle_backup_max_age is 'a day', which is not a valid age"),
        ("moodle_backup_keep", "14d", "moodle_backup_keep is '14d'"),
        ("moodle_backup_repositori", "x", "did you mean moodle_backup_repository?"),
    ],
)
def test_what_a_backup_cannot_do_without_is_asked_for(name: str, value: t.Any, sentence: str) -> None:
    (problem,) = describe(OPTIONS, {**GIVEN, name: value}, around(), "backup").problems
    assert sentence in problem


ADOPTED = {"moodle_name": "physics", "moodle_adopt_dump": "/srv/old/moodle.dump", "moodle_adopt_moodledata": "/srv/old/moodledata"}


def test_a_site_takes_over_another_without_a_repository() -> None:
    outcome = describe(OPTIONS, {**ADOPTED, **IN_THE_WAY, "moodle_adopt_site": "physics"}, around(), "adopt")
    assert (outcome.problems, outcome.warnings) == ([], [])
    assert outcome.spec["adopt"] == {"site": "physics", "dump": "/srv/old/moodle.dump", "moodledata": "/srv/old/moodledata", "older": False}


@pytest.mark.parametrize("name", ["moodle_adopt_dump", "moodle_adopt_moodledata"])
def test_what_is_taken_over_has_to_be_named(name: str) -> None:
    (problem,) = describe(OPTIONS, {**ADOPTED, name: None}, around(), "adopt").problems
    assert problem == f"{name} is missing; a site that takes over another needs moodle_adopt_dump and moodle_adopt_moodledata."


def test_a_site_needs_no_repository_to_run() -> None:
    assert describe(OPTIONS, {"moodle_hostname": "moodle.example.edu"}, around()).problems == []


BROKEN: tuple[dict[str, t.Any], ...] = (
    {},
    {"moodle_hostname": "not a name"},
    {"moodle_url": "https://"},
    {"moodle_target": "moon", "moodle_size": "tiny", "moodle_tls": "perhaps"},
    {"moodle_tls": "certificate", "moodle_tls_certificate": "nowhere.pem"},
    {"moodle_php_memory": "1m", "moodle_upload_max": "100g", "moodle_database_prefix": "Ä", "moodle_http_port": 0},
    {"moodle_settings": {"core": "x"}, "moodle_languages": [5], "moodle_wait_timeout": -1, "moodle_directory": "relative"},
)


@pytest.mark.parametrize("given", BROKEN)
def test_for_support_there_is_a_description_whatever_is_wrong(given: dict[str, t.Any]) -> None:
    described = describe(OPTIONS, given, around(), "doctor")
    assert described.problems == describe(OPTIONS, given, around()).problems != []
    spec = described.spec
    assert spec["target"]["runner"][-1] == "/opt/campus-moodle/bin/moodle"
    assert (spec["project"], spec["doctor"]["log_lines"]) == ("moodle-physics-1-example", 2000)
    # What the proofs read.
    assert {"hostname", "scheme", "port", "authority", "smtp", "mail", "no_email", "settings", "check", "disk_minimum"} <= set(spec)


@pytest.mark.parametrize("purpose", ["backup", "restore", "drill", "adopt", "removal"])
def test_what_needs_files_on_a_machine_is_refused_where_a_target_has_none(monkeypatch: pytest.MonkeyPatch, purpose: str) -> None:
    bare = dataclasses.replace(TARGETS["compose"], identify=lambda _site, _own: {"target": {"runner": ["moodle"]}})
    monkeypatch.setitem(TARGETS, "compose", bare)
    needed = ("moodle_backup_repository", "moodle_backup_password", "moodle_adopt_dump", "moodle_adopt_moodledata")
    found = describe(OPTIONS, {**dict.fromkeys(needed, "/there"), "moodle_hostname": "moodle.example.edu"}, around(), purpose).problems
    sentence = f"moodle_target is compose: its sites have no files on a machine, which campus.moodle.{purpose} would need."
    assert found == ([] if purpose == "removal" else [sentence])
