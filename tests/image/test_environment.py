# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the runtime accepts as environment, and the sentence for each value that it does not."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from runtime import PhpFailure, call

USAGE = 2


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return paths of secret files, by name."""
    contents = {
        "database": "pass'word\\with $specials\n",
        "admin": "Adm1n=--\n",
        "empty": "\n",
        "salt": secrets.token_hex(32),
        "weak": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in contents} | {"nowhere": str(tmp_path / "nowhere")}


@pytest.fixture
def site(files: dict[str, str]) -> dict[str, str]:
    """Return the smallest environment that describes a site."""
    return {
        "MOODLE_URL": "https://moodle.example.edu",
        "MOODLE_DATABASE_HOST": "db",
        "MOODLE_DATABASE_PASSWORD_FILE": files["database"],
    }


def test_the_smallest_site(site: dict[str, str]) -> None:
    values = call("Environment::read", "site", site)
    assert values["MOODLE_DATABASE_PASSWORD"] == "pass'word\\with $specials"
    assert values["MOODLE_DATABASE_PORT"] == 5432
    assert values["MOODLE_UPLOAD_MAX"] == 200 << 20
    assert values["MOODLE_FORCED_SETTINGS"] == []
    assert "MOODLE_ADMIN_PASSWORD" not in values


def test_the_web_server_needs_no_secret() -> None:
    values = call("Environment::read", "web", {"MOODLE_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32,192.0.2.7"})
    assert values["MOODLE_TRUSTED_PROXIES"] == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]
    assert values["MOODLE_PHP_HOST"] == "php"
    assert not [name for name in values if "PASSWORD" in name]


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(PhpFailure) as wrong:
        call("Environment::read", "install", {})
    assert wrong.value.exit == USAGE
    assert sorted(sentence.split()[0] for sentence in wrong.value.sentences) == [
        "MOODLE_ADMIN_EMAIL",
        "MOODLE_ADMIN_PASSWORD_FILE",
        "MOODLE_DATABASE_HOST",
        "MOODLE_DATABASE_PASSWORD_FILE",
        "MOODLE_URL",
    ]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("MOODLE_URL", "moodle.example.edu", "must start with http"),
        ("MOODLE_URL", "https://moodle.example.edu/", "slash at the end"),
        ("MOODLE_URL", "https://moodle.example.edu/public", "without path"),
        ("MOODLE_URL", "https://user:geheim@moodle.example.edu", "without path, user, password"),
        ("MOODLE_URL", "https://Moodle.example.edu", "not a valid name"),
        ("MOODLE_URL", "https://moodle_example..edu", "not a valid name"),
        ("MOODLE_DATABASE_PORT", "0", "whole number from 1 to 65535"),
        ("MOODLE_DATABASE_PORT", "5432x", "whole number"),
        ("MOODLE_DATABASE_PREFIX", "", None),
        ("MOODLE_DATABASE_PREFIX", "Mdl_", "lower case"),
        ("MOODLE_DATABASE_PREFIX", "campus_", "campus_moodle_install"),
        ("MOODLE_DATABASE_SSLMODE", "prefer", "disable, require, verify-full"),
        ("MOODLE_DATABASE_SSLMODE", "verify-full", "MOODLE_DATABASE_SSLROOTCERT"),
        ("MOODLE_ENVIRONMENT", "staging", "production, development"),
        ("MOODLE_REVERSE_PROXY", "yes", "true or false"),
        ("MOODLE_UPLOAD_MAX", "lots", "number with K, M or G"),
        ("MOODLE_SITE_ID", "7", "UUID"),
        ("MOODLE_SMTP_USER", "mailer", "MOODLE_SMTP_PASSWORD_FILE is not"),
        ("MOODLE_FORCED_SETTINGS", "[1", "not a JSON object"),
        ("MOODLE_FORCED_SETTINGS", '{"core": {"dbpass": "x"}}', "cannot force core/dbpass"),
        ("MOODLE_DATABASE_PASSWORD", "geheim", "must not be in the environment"),
    ],
)
def test_bad_values(site: dict[str, str], name: str, value: str, part: str | None) -> None:
    if part is None:
        assert call("Environment::read", "site", site | {name: value})
        return
    with pytest.raises(PhpFailure) as wrong:
        call("Environment::read", "site", site | {name: value})
    assert wrong.value.exit == USAGE
    assert len(wrong.value.sentences) == 1
    assert part in wrong.value.sentences[0]
    assert "geheim" not in wrong.value.sentences[0]


@pytest.mark.parametrize(
    ("name", "file", "part"),
    [
        ("MOODLE_DATABASE_PASSWORD_FILE", "empty", "is empty"),
        ("MOODLE_DATABASE_PASSWORD_FILE", "nowhere", "not a readable file"),
        ("MOODLE_SALT_FILE", "weak", "too easy to guess"),
        ("MOODLE_SESSION_PASSWORD_FILE", "empty", "is empty"),
    ],
)
def test_bad_secrets(site: dict[str, str], files: dict[str, str], name: str, file: str, part: str) -> None:
    with pytest.raises(PhpFailure) as wrong:
        call("Environment::read", "site", site | {name: files[file]})
    assert len(wrong.value.sentences) == 1
    assert part in wrong.value.sentences[0]


def test_settings_to_enforce() -> None:
    wanted = call("RequestedSettings::parse", '{"core": {"a": true, "b": false, "c": 7, "d": null}, "mod_forum": {"x": "y"}}')
    assert wanted == {"core": {"a": "1", "b": "0", "c": "7", "d": None}, "mod_forum": {"x": "y"}}
    numbers = call("RequestedSettings::parse", '{"core": {"a": 2.0, "b": 0.1, "c": 12345678901234567890}}')
    assert numbers == {"core": {"a": "2.0", "b": "0.1", "c": "12345678901234567890"}}
    assert call("RequestedSettings::parse", "") == []


OBJECT = "must be a JSON object"
COMPONENT = "must be an object, under 'core' or the name of a component"
VALUE = "must have a plain name and a text, number, boolean or null as its value"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("[1]", [OBJECT]),
        ("{", [OBJECT]),
        ('{"core": 1}', [f"The settings of 'core' {COMPONENT}"]),
        ('{"Bad name": {}}', [f"The settings of 'Bad name' {COMPONENT}"]),
        ('{"core": {"a": [1]}}', [f"The setting core/a {VALUE}"]),
        ('{"core": {"lang": "geheim", "langlist": ["geheim", "en"]}}', [f"The setting core/langlist {VALUE}"]),
        ('{"mod_x": {"a": {"geheim": 1}}}', [f"The setting mod_x/a {VALUE}"]),
        ('{"core": {}, "mod_x": null}', [f"The settings of 'mod_x' {COMPONENT}"]),
        ('{"core": ["geheim"], "mod_x": "geheim"}', [f"The settings of 'core' {COMPONENT}", f"The settings of 'mod_x' {COMPONENT}"]),
        ('{"moodle": {"lang": "geheim"}}', ["so write lang below core and not below moodle"]),
        ('{"moodle": {}}', ["so write them below core and not below moodle"]),
    ],
)
def test_settings_that_cannot_be_enforced(text: str, sentences: list[str]) -> None:
    with pytest.raises(PhpFailure) as wrong:
        call("RequestedSettings::parse", text)
    assert (wrong.value.exit, wrong.value.id, len(wrong.value.sentences)) == (USAGE, "invalid", len(sentences))
    for sentence, part in zip(wrong.value.sentences, sentences, strict=True):
        assert part in sentence
        assert "geheim" not in sentence


def test_secret_values_never_show() -> None:
    shown = call(
        "Mask::settings",
        {
            "core": {"smtppass": "x1", "country": "DE"},
            "auth_oidc": {"clientsecret": "x2", "apikey": "x3", "token": None, "keyboard": "qwertz"},
        },
        "(secret)",
    )
    assert shown == {
        "core": {"smtppass": "(secret)", "country": "DE"},
        "auth_oidc": {"clientsecret": "(secret)", "apikey": "(secret)", "token": None, "keyboard": "qwertz"},
    }


LOADED = [
    "iconv", "mbstring", "curl", "openssl", "ctype", "zip", "zlib", "gd", "SimpleXML", "SPL", "pcre", "dom", "xml",
    "xmlreader", "intl", "json", "hash", "fileinfo", "sodium", "pgsql", "pdo_pgsql",
]  # fmt: skip
NEEDS = {"branch": "4.5", "php_minimum": "8.1", "php_maximum": "8.3", "postgresql_minimum": 13, "upgrade_minimum": "4.1.2"}


@pytest.mark.parametrize(
    ("php", "postgresql", "parts"),
    [
        ("8.1.0", 130004, []),
        ("8.3.29", 170000, []),
        ("8.0.30", 150013, ["it needs 8.1 to 8.3"]),
        ("8.4.1", 150013, ["it needs 8.1 to 8.3"]),
        ("8.10.1", 150013, ["it needs 8.1 to 8.3"]),
        ("8.2.29", 120000, ["PostgreSQL 12 is too old"]),
        ("8.2.29", 0, []),
        ("8.4.1", 90000, ["it needs 8.1 to 8.3", "PostgreSQL 9 is too old"]),
    ],
)
def test_requirements(php: str, postgresql: int, parts: list[str]) -> None:
    found = call("Requirements::unmet", NEEDS, php, postgresql, LOADED)
    assert [part in sentence for part, sentence in zip(parts, found, strict=True)] == [True] * len(parts)


def test_required_extensions() -> None:
    assert "gd" in call("Requirements::unmet", NEEDS, "8.2.29", 0, [name for name in LOADED if name != "gd"])[-1]


@pytest.mark.parametrize(
    ("release", "least"),
    [
        ("4.1 (Build: 20221128)", "4.1.2"),
        ("4.1.1+ (Build: 20230112)", "4.1.2"),
        ("3.11.18", "4.1.2"),
        ("4.1.2 (Build: 20230313)", ""),
        ("4.1.17+ (Build: 20250314)", ""),
        ("4.5.5+ (Build: 20250710)", ""),
        ("10.0", ""),
        ("", ""),
    ],
)
def test_what_is_too_old_to_be_upgraded_at_once(release: str, least: str) -> None:
    assert call("Requirements::tooOldFor", NEEDS, release) == least
    assert call("Requirements::tooOldFor", {"branch": "4.5"}, release) == ""


@pytest.mark.parametrize(("branch", "number", "known"), [("4.5", "405", True), ("5.1", "501", True), ("4.5", "501", False)])
def test_needs_count_for_their_branch_only(branch: str, number: str, known: bool) -> None:
    assert call("Requirements::knows", {"branch": branch}, number) is known


def test_differences_of_tables_are_read_with_the_table_that_they_belong_to() -> None:
    line = "-" * 79
    text = f"{line}\nuser\n * column 'a' is missing\n * column 'b' is not expected\n{line}\ncourse\n * table is missing\n{line}\n"
    found = ["user: column 'a' is missing", "user: column 'b' is not expected", "course: table is missing"]
    assert call("MoodleScript::differences", text) == found
