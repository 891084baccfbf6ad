# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The environment of the site image: every variable of its table has a source, and options are passed on by their names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site import secrets
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import IMAGE_VARIABLES, OPTIONS, around

LEAST = {"moodle_hostname": "moodle.example.edu"}
# What a target says, or no one: then the default of the image counts.
OF_A_TARGET = {
    "MOODLE_SITE_ID",
    "MOODLE_DATABASE_POOLER_HOST",
    "MOODLE_DATABASE_POOLER_PORT",
    "MOODLE_DATABASE_WAIT",
    "MOODLE_PHP_HOST",
    "MOODLE_PHP_PORT",
}


def site_environment(**given: t.Any) -> dict[str, str]:
    """Return the variables of the containers that run Moodle."""
    outcome = describe(OPTIONS, {**LEAST, **given}, around())
    assert outcome.problems == []
    return outcome.spec["target"]["environment"]["site"]


def test_every_variable_is_an_option_or_a_secret_or_a_targets_own() -> None:
    others = {name for name in IMAGE_VARIABLES if name.lower() not in OPTIONS} - {secret.environment for secret in secrets.SECRETS}
    assert others == OF_A_TARGET


def test_a_new_variable_of_the_image_is_passed_on_by_its_name() -> None:
    """Here moodle_wait_timeout, which the image does not have today."""
    table = {**IMAGE_VARIABLES, "MOODLE_WAIT_TIMEOUT": {"type": "seconds", "reader": "site", "default": "60"}}
    outcome = describe(OPTIONS, {**LEAST, "moodle_wait_timeout": 90}, around(image_variables=table))
    assert outcome.spec["target"]["environment"]["site"]["MOODLE_WAIT_TIMEOUT"] == "90"


@pytest.mark.parametrize(
    ("given", "name", "text"),
    [
        ({"moodle_upload_max": "0.5g"}, "MOODLE_UPLOAD_MAX", "512M"),
        ({"moodle_reverse_proxy": True}, "MOODLE_REVERSE_PROXY", "true"),
        ({"moodle_no_email": True}, "MOODLE_NO_EMAIL", "true"),
        ({"moodle_cron_memory_limit": "512m"}, "MOODLE_CRON_MEMORY_LIMIT", "512M"),
        ({}, "MOODLE_CRON_MEMORY_LIMIT", None),
        ({}, "MOODLE_NO_EMAIL", None),
        ({}, "MOODLE_SMTP_PORT", None),
        ({"moodle_smtp_host": "mail.example.edu"}, "MOODLE_SMTP_PORT", "587"),
        ({"moodle_forced_settings": {"b": {"x": 1}, "a": {}}}, "MOODLE_FORCED_SETTINGS", '{"a": {}, "b": {"x": 1}}'),
        ({}, "MOODLE_SALT_FILE", "/run/secrets/salt"),
        (
            {"moodle_database_host": "db", "moodle_database_password": "x"},
            "MOODLE_DATABASE_PASSWORD_FILE",
            "/run/secrets/database_password",
        ),
    ],
)
def test_values_are_written_as_the_image_reads_them(given: dict[str, t.Any], name: str, text: t.Optional[str]) -> None:
    assert site_environment(**given).get(name) == text
