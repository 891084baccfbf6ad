# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The description of a site: every bad input gives one sentence, and a good one gives the whole description."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import DEFAULT_BRANCH, POSTGRESQL
from ansible_collections.campus.moodle.plugins.module_utils._site import capacity
from ansible_collections.campus.moodle.plugins.module_utils._site._build import safe_name
from ansible_collections.campus.moodle.plugins.module_utils._site._places import options_of
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import SECRETS, describe, owners
from ansible_collections.campus.moodle.plugins.module_utils._site.model import Site
from ansible_collections.campus.moodle.plugins.module_utils._site.options import RESERVED
from ansible_collections.campus.moodle.plugins.module_utils._site.presets import SIZES as PRESETS
from ansible_collections.campus.moodle.plugins.module_utils._site.targets import _compose_sizes as compose_sizes
from ansible_collections.campus.moodle.plugins.module_utils._site.targets.table import TARGETS
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import OPTIONS, ROOT, around

LEAST: dict[str, t.Any] = {"moodle_hostname": "moodle.example.edu"}


def problems_of(given: dict[str, t.Any]) -> list[str]:
    """Return the problems of a description that has everything else right."""
    return describe(OPTIONS, {**LEAST, **given}, around()).problems


TLS = {"moodle_tls": "certificate", "moodle_tls_certificate": "cert.pem", "moodle_tls_private_key": "key.pem"}
EXTERNAL = {"moodle_database_host": "db", "moodle_database_password": "x", "moodle_database_sslmode": "verify-full"}

# id, what is given, and what the only sentence must contain
BAD: list[tuple[str, dict[str, t.Any], tuple[str, ...]]] = [
    ("unknown branch", {"moodle_branch": "9.9"}, ("moodle_branch is '9.9'", "choose one of 4.3, 4.4, 4.5, 5.0, 5.1, 5.2, 5.3")),
    ("branch past its date", {"moodle_branch": "4.4"}, ("2025-12-08", "moodle_allow_unsupported_branch")),
    ("release of another branch", {"moodle_release": "5.2.1"}, ("moodle_release is '5.2.1'", "moodle_branch is '4.5'")),
    ("release is no release", {"moodle_release": "latest"}, ("not a valid release",)),
    ("misspelt variable", {"moodle_hostnam": "x"}, ("moodle_hostnam is not a variable", "did you mean moodle_hostname?")),
    ("strange variable", {"moodle_zzzzqqqq": "x"}, ("moodle_zzzzqqqq is not a variable", "remove it")),
    ("not a valid address", {"moodle_hostname": None}, ("moodle_hostname is missing",)),
    ("underscore in host name", {"moodle_hostname": "my_moodle.edu"}, ("moodle_hostname is 'my_moodle.edu'", "not a valid host name")),
    ("URL as host name", {"moodle_hostname": "https://moodle.edu"}, ("moodle_hostname", "without a scheme")),
    ("bad bind address", {"moodle_bind_address": "eth0"}, ("moodle_bind_address is 'eth0'",)),
    ("URL without scheme", {"moodle_url": "moodle.example.edu"}, ("moodle_url is 'moodle.example.edu'",)),
    ("URL with bad port", {"moodle_url": "http://moodle.example.edu:99999"}, ("moodle_url", "not a valid address")),
    ("URL with path", {"moodle_url": "http://moodle.example.edu:18080/lms"}, ("remove the path '/lms'",)),
    ("URL with query", {"moodle_url": "http://moodle.example.edu:18080/?a=1"}, ("the query",)),
    ("URL of another host", {"moodle_url": "http://other.edu:18080"}, ("give one of them only",)),
    ("https without TLS", {"moodle_url": "https://moodle.example.edu"}, ("moodle_tls is none", "moodle_tls_certificate")),
    ("http with TLS", {"moodle_url": "http://moodle.example.edu", "moodle_tls": "external"}, ("write https",)),
    ("no certificate", {"moodle_tls": "certificate", "moodle_tls_private_key": "key.pem"}, ("moodle_tls_certificate is missing",)),
    ("no key", {"moodle_tls": "certificate", "moodle_tls_certificate": "cert.pem"}, ("moodle_tls_private_key is missing",)),
    ("certificate not there", {"moodle_tls_certificate": "no.pem"}, ("moodle_tls_certificate is 'no.pem'", "does not exist")),
    ("empty certificate", {**TLS, "moodle_tls_certificate": "empty.pem"}, ("moodle_tls_certificate is 'empty.pem'", "empty")),
    ("empty key", {**TLS, "moodle_tls_private_key": "empty.pem"}, ("moodle_tls_private_key is 'empty.pem'", "empty")),
    ("certificate is none", {**TLS, "moodle_tls_certificate": "poem.pem"}, ("'poem.pem'", "no certificate in PEM form")),
    ("certificate was cut", {**TLS, "moodle_tls_certificate": "broken.pem"}, ("'broken.pem'", "no certificate in PEM form")),
    ("key is none", {**TLS, "moodle_tls_private_key": "poem.pem"}, ("moodle_tls_private_key is 'poem.pem'", "no private key")),
    ("the two swapped", {**TLS, "moodle_tls_private_key": "cert.pem"}, ("moodle_tls_private_key is 'cert.pem'", "no private key")),
    ("key with a passphrase", {**TLS, "moodle_tls_private_key": "locked-key.pem"}, ("'locked-key.pem'", "passphrase")),
    ("key of another certificate", {**TLS, "moodle_tls_private_key": "other-key.pem"}, ("'other-key.pem'", "not the key of", "'cert.pem'")),
    ("chain in the wrong order", {**TLS, "moodle_tls_certificate": "turned-chain.pem"}, ("not the key of the first certificate",)),
    ("expired certificate", {**TLS, "moodle_tls_certificate": "expired.pem"}, ("'expired.pem'", "expired on 2026-11-19 12:00 UTC")),
    ("early certificate", {**TLS, "moodle_tls_certificate": "early.pem"}, ("not valid before 2026-11-21 12:00 UTC",)),
    (
        "certificate of another site",
        {**TLS, "moodle_tls_certificate": "other-host.pem"},
        ("is for law.example.edu, 192.0.2.1, not for moodle.example.edu",),
    ),
    (
        "certificate without names",
        {**TLS, "moodle_tls_certificate": "no-names.pem"},
        ("is for no name at all, not for moodle.example.edu",),
    ),
    (
        "star for two labels",
        {**TLS, "moodle_tls_certificate": "star.pem", "moodle_hostname": "a.b.example.edu"},
        ("not for a.b.example.edu",),
    ),
    ("TLS on an IPv6 address", {**TLS, "moodle_hostname": "fd00::1"}, ("IPv6 address fd00::1", "host name")),
    ("authority is none", {**EXTERNAL, "moodle_database_sslrootcert": "key.pem"}, ("moodle_database_sslrootcert is 'key.pem'",)),
    ("empty authority", {**EXTERNAL, "moodle_database_sslrootcert": "empty.pem"}, ("moodle_database_sslrootcert is 'empty.pem'", "empty")),
    ("ACME without address", {"moodle_tls": "acme", "moodle_bind_address": "0.0.0.0"}, ("moodle_acme_email is missing",)),
    ("ACME on loopback", {"moodle_tls": "acme", "moodle_acme_email": "a@b.edu"}, ("cannot reach",)),
    (
        "ACME for a local name",
        {"moodle_tls": "acme", "moodle_acme_email": "a@b.edu", "moodle_bind_address": "0.0.0.0", "moodle_hostname": "box"},
        ("not a public host name",),
    ),
    ("bad network", {"moodle_trusted_proxies": ["10.0.0.0/99"]}, ("'10.0.0.0/99'", "CIDR")),
    (
        "same port twice",
        {"moodle_environment": "development", "moodle_database_host_port": 18080},
        ("moodle_database_host_port and moodle_http_port are both 18080",),
    ),
    ("port out of range", {"moodle_http_port": 70000}, ("moodle_http_port is 70000",)),
    ("port is a word", {"moodle_http_port": "http"}, ("moodle_http_port is 'http'", "whole number")),
    ("unknown target", {"moodle_target": "swarm"}, ("moodle_target is 'swarm'", "compose")),
    ("unknown size", {"moodle_size": "huge"}, ("moodle_size is 'huge'", "small or medium or large")),
    ("bad name", {"moodle_name": "Physics Lab"}, ("moodle_name is 'Physics Lab'",)),
    ("memory without unit", {"moodle_php_memory": "1024"}, ("moodle_php_memory is '1024'", "unit")),
    ("too little memory", {"moodle_php_memory": "64m"}, ("too small", "256m")),
    ("too little database memory", {"moodle_database_memory": "128m"}, ("moodle_database_memory", "256m")),
    ("no room for an upload", {"moodle_php_memory": "512m"}, ("moodle_php_memory is '512m'", "moodle_upload_max '200m'", "616m")),
    ("more web servers than a rollout can double", {"moodle_web_replicas": 21}, ("moodle_web_replicas is 21", "from 1 to 20")),
    ("no replicas", {"moodle_php_replicas": 0}, ("moodle_php_replicas is 0", "from 1 to 64")),
    (
        "replicas without shared sessions",
        {"moodle_php_replicas": 2, "moodle_session_store": "database"},
        ("set moodle_session_store to valkey",),
    ),
    (
        "PostgreSQL too old",
        {"moodle_branch": "5.2", "moodle_database_version": "13", "moodle_database_host": "db", "moodle_database_password": "x"},
        ("needs PostgreSQL 16 or later",),
    ),
    ("own PostgreSQL of another version", {"moodle_database_version": "16"}, ("the site's own database is PostgreSQL 17",)),
    ("version with a minor one", {"moodle_database_version": "17.2"}, ("moodle_database_version is '17.2'", "major version alone")),
    ("version is a word", {"moodle_database_version": "new"}, ("moodle_database_version is 'new'",)),
    ("external database without password", {"moodle_database_host": "db.example.edu"}, ("moodle_database_password", "is needed")),
    (
        "database on the container's own loopback",
        {"moodle_database_host": "localhost", "moodle_database_password": "x"},
        ("moodle_database_host is 'localhost'", "container"),
    ),
    ("password for the own database", {"moodle_database_password": "x"}, ("generates its password",)),
    (
        "verify-full without authority",
        {"moodle_database_host": "db", "moodle_database_password": "x", "moodle_database_sslmode": "verify-full"},
        ("moodle_database_sslrootcert",),
    ),
    ("long prefix", {"moodle_database_prefix": "moodle_tables_"}, ("moodle_database_prefix", "at most 10")),
    ("empty admin password", {"moodle_admin_password": ""}, ("moodle_admin_password is empty",)),
    ("empty SMTP password", {"moodle_smtp_password": "  ", "moodle_smtp_host": "mail.example.edu"}, ("moodle_smtp_password is empty",)),
    ("weak admin password", {"moodle_admin_password": "CANARY12"}, ("password policy",)),
    ("source not there", {"moodle_source": "nowhere.tgz"}, ("moodle_source is 'nowhere.tgz'", "does not exist")),
    (
        "two sources",
        {"moodle_source": "moodle.tgz", "moodle_archive_url": "https://x/y.tgz", "moodle_archive_sha256": "a" * 64},
        ("keep one of them",),
    ),
    ("archive without checksum", {"moodle_archive_url": "https://x/y.tgz"}, ("moodle_archive_sha256",)),
    ("checksum is none", {"moodle_archive_sha256": "abc"}, ("64 hexadecimal digits",)),
    ("image without services image", {"moodle_image": "x:1"}, ("moodle_services_image",)),
    ("image and source", {"moodle_image": "x:1", "moodle_services_image": "y:1", "moodle_source": "moodle.tgz"}, ("built already",)),
    ("live code in production", {"moodle_code_directory": "/srv/code"}, ("moodle_environment is production",)),
    ("relative directory", {"moodle_directory": "moodle"}, ("moodle_directory is 'moodle'", "absolute path")),
    ("the whole machine as directory", {"moodle_directory": "//"}, ("moodle_directory is '//'", "absolute path")),
    ("half of the mirrors", {"moodle_image_security_mirror": "https://m.edu/s"}, ("without moodle_image_mirror", "give both")),
    (
        "mirror is a name",
        {"moodle_image_mirror": "mirror.example.edu"},
        ("moodle_image_mirror is 'mirror.example.edu'", "not a valid address"),
    ),
    ("password of the own cache", {"moodle_cache_password": "CANARY"}, ("moodle_cache_password is given", "moodle_cache_host")),
    ("user that PostgreSQL has", {"moodle_database_user": "pg_school"}, ("moodle_database_user is 'pg_school'", "another name")),
    ("database that PostgreSQL has", {"moodle_database_name": "template1"}, ("moodle_database_name is 'template1'", "another name")),
    (
        "server for sessions that are elsewhere",
        {"moodle_session_store": "database", "moodle_session_host": "s.example.edu"},
        ("moodle_session_host is 's.example.edu' but moodle_session_store is database", "remove moodle_session_host"),
    ),
    (
        "server for a cache that is elsewhere",
        {"moodle_cache_store": "file", "moodle_cache_host": "c.example.edu"},
        ("moodle_cache_host is 'c.example.edu' but moodle_cache_store is file", "remove moodle_cache_host"),
    ),
    (
        "mail user without password",
        {"moodle_smtp_host": "mail.example.edu", "moodle_smtp_user": "moodle"},
        ("moodle_smtp_user is given without moodle_smtp_password",),
    ),
    (
        "user of the own session store",
        {"moodle_session_username": "campus", "moodle_session_store": "valkey"},
        ("moodle_session_username is given without moodle_session_host",),
    ),
    (
        "user without password",
        {"moodle_cache_username": "campus", "moodle_cache_host": "c.example.edu"},
        ("moodle_cache_username is given without moodle_cache_password",),
    ),
    (
        "user name with a space",
        {"moodle_cache_username": "cam pus", "moodle_cache_host": "c.example.edu", "moodle_cache_password": "x"},
        ("moodle_cache_username is 'cam pus'", "without spaces"),
    ),
    ("less than Moodle takes anyway", {"moodle_cron_memory_limit": "128m"}, ("moodle_cron_memory_limit is '128m'", "384m")),
    (
        "tasks that the container would be killed for",
        {"moodle_cron_memory_limit": "1g", "moodle_cron_memory": "2g"},
        ("moodle_cron_memory_limit is '1024m', which is more than moodle_adhoc_memory '512m'",),
    ),
    ("bad language", {"moodle_languages": ["German"]}, ("'German'", "not the name of a language pack")),
    ("language not built in", {"moodle_language": "de"}, ("add it to moodle_languages",)),
    ("bad mail address", {"moodle_admin_email": "admin@localhost"}, ("moodle_admin_email is 'admin@localhost'",)),
    ("flat settings", {"moodle_settings": {"theme": "boost"}}, ("write component, name and value",)),
    ("structured setting", {"moodle_settings": {"core": {"theme": ["boost"]}}}, ("core.theme",)),
    (
        "secret among the settings",
        {"moodle_settings": {"core": {"smtppass": "CANARY", "passwordpolicy": "1", "proxybypass": "localhost"}}},
        ("core.smtppass", "moodle_secret_settings"),
    ),
    ("settings is a list", {"moodle_settings": ["theme"]}, ("but must be a mapping",)),
    ("catcher not built", {"moodle_mail_catcher": True, "moodle_mail_catcher_binary": "/nowhere"}, ("'/nowhere' does not exist",)),
    ("not a boolean", {"moodle_reverse_proxy": "perhaps"}, ("must be true or false",)),
]


@pytest.mark.parametrize(("given", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_gives_one_sentence(given: dict[str, t.Any], words: tuple[str, ...]) -> None:
    problems = problems_of(given)
    assert len(problems) == 1, problems
    assert all(word in problems[0] for word in words), problems[0]
    assert problems[0][-1] in ".?"


def test_all_problems_come_at_once() -> None:
    given = {row: value for _id, rows, _words in BAD[:9] for row, value in rows.items() if row != "moodle_hostname"}
    assert len(problems_of(given)) >= 4


def test_the_least_description_is_enough() -> None:
    outcome = describe(OPTIONS, LEAST, around())
    assert outcome.problems == []
    spec = outcome.spec
    assert (spec["name"], spec["project"], spec["directory"]) == (
        "physics-1-example",
        "moodle-physics-1-example",
        "/opt/moodle/physics-1-example",
    )
    assert spec["url"] == "http://moodle.example.edu:18080"
    assert (spec["php"]["memory"], spec["php"]["cpus"], spec["database"]["memory"]) == (1024, 1.0, 512)
    assert [row["variable"] for row in spec["target"]["published"]] == ["moodle_http_port"]
    assert spec["admin"]["email"] == "admin@moodle.example.edu"


# id, what is given, the address that follows
ADDRESSES = [
    ("standard port", {"moodle_http_port": 80}, "http://moodle.example.edu"),
    ("URL wins", {"moodle_url": "http://moodle.example.edu:18080/"}, "http://moodle.example.edu:18080"),
    (
        "certificate",
        TLS,
        "https://moodle.example.edu:18443",
    ),
    ("certificate with a star", {**TLS, "moodle_tls_certificate": "star.pem"}, "https://moodle.example.edu:18443"),
    ("certificate with its chain", {**TLS, "moodle_tls_certificate": "chain.pem"}, "https://moodle.example.edu:18443"),
    ("external", {"moodle_tls": "external"}, "https://moodle.example.edu"),
    ("upper case", {"moodle_hostname": "Moodle.Example.EDU"}, "http://moodle.example.edu:18080"),
    (
        "upper case in the URL",
        {"moodle_hostname": "Moodle.example.edu", "moodle_url": "HTTPS://MOODLE.Example.edu:8443/", "moodle_tls": "external"},
        "https://moodle.example.edu:8443",
    ),
    ("IPv6", {"moodle_hostname": "fd00::1"}, "http://[fd00::1]:18080"),
]


@pytest.mark.parametrize(("given", "url"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_the_address_follows(given: dict[str, t.Any], url: str) -> None:
    outcome = describe(OPTIONS, {**LEAST, **given}, around())
    assert outcome.problems == []
    assert outcome.spec["url"] == url


def test_development_publishes_the_documented_ports() -> None:
    spec = describe(OPTIONS, {**LEAST, "moodle_environment": "development"}, around()).spec
    assert [(row["service"], row["address"], row["port"]) for row in spec["target"]["published"]] == [
        ("proxy", "127.0.0.1", 18080),
        ("postgres", "127.0.0.1", 15432),
        ("valkey-sessions", "127.0.0.1", 16379),
        ("mail", "127.0.0.1", 11025),
        ("mail", "127.0.0.1", 18025),
    ]


def test_without_its_program_the_mail_catcher_is_left_out_with_a_warning() -> None:
    outcome = describe(OPTIONS, {**LEAST, "moodle_environment": "development"}, around(catcher="/nowhere"))
    assert outcome.problems == []
    assert outcome.spec["mail"]["catcher"] is False
    assert any("/nowhere" in sentence for sentence in outcome.warnings)
    assert any("cannot deliver mail" in sentence for sentence in outcome.warnings)


# id, what is given, whether the mail catcher's program is there, whether it runs, and whether mail is delivered or shown
CATCHER: list[tuple[str, dict[str, t.Any], bool, bool, bool]] = [
    ("production", {}, True, False, False),
    ("development", {"moodle_environment": "development"}, True, True, True),
    ("development without its program", {"moodle_environment": "development"}, False, False, False),
    ("development with a server", {"moodle_environment": "development", "moodle_smtp_host": "mail.example.edu"}, True, False, True),
    ("development without it", {"moodle_environment": "development", "moodle_mail_catcher": False}, True, False, False),
    ("requested in production", {"moodle_mail_catcher": True}, True, True, True),
    (
        "in images that are given",
        {"moodle_environment": "development", "moodle_image": "a:1", "moodle_services_image": "b:1"},
        False,
        True,
        True,
    ),
]


@pytest.mark.parametrize(("given", "there", "runs", "served"), [row[1:] for row in CATCHER], ids=[row[0] for row in CATCHER])
def test_whether_the_mail_catcher_runs_has_one_answer(given: dict[str, t.Any], there: bool, runs: bool, served: bool) -> None:
    """Its containers, its ports and the warning about missing mail follow from the same answer."""
    # The site's own port is one of the mail catcher's.
    outcome = describe(OPTIONS, {**LEAST, **given, "moodle_http_port": 11025}, around(**({} if there else {"catcher": "/nowhere"})))
    assert [sentence for sentence in outcome.problems if "are both 11025" in sentence] == outcome.problems
    assert (bool(outcome.problems), outcome.spec["mail"]["catcher"]) == (runs, runs)
    assert any("cannot deliver mail" in sentence for sentence in outcome.warnings) is not served


# size, workers of a container, its /tmp, connections of PostgreSQL
CAPACITY = [
    ({}, 6, 384, 20 + 2 + 50),
    ({"moodle_size": "medium"}, 12, 1024, 50 + 4 + 50),
    ({"moodle_size": "large"}, 24, 2304, 150 + 6 + 50),
    ({"moodle_php_memory": "700m", "moodle_php_cpus": 4}, 3, 252, 20 + 2 + 50),
    ({"moodle_php_workers": 8}, 8, 256, 20 + 2 + 50),
    ({"moodle_database_pooler": False, "moodle_cron_replicas": 8, "moodle_adhoc_replicas": 0}, 6, 384, 12 + 8 + 50),
]


@pytest.mark.parametrize(("given", "workers", "scratch", "connections"), CAPACITY)
def test_sizes_fit_each_other(given: dict[str, t.Any], workers: int, scratch: int, connections: int) -> None:
    outcome = describe(OPTIONS, {**LEAST, **given}, around())
    assert outcome.problems == []
    php = outcome.spec["php"]
    assert (php["workers"], php["scratch"], outcome.spec["database"]["connections"]) == (workers, scratch, connections)
    assert capacity.SHARED + workers * capacity.WORKER + scratch <= php["memory"]
    assert scratch >= outcome.spec["upload_max"]


def test_workers_that_may_not_fit_are_a_warning() -> None:
    outcome = describe(OPTIONS, {**LEAST, "moodle_php_workers": 20}, around())
    assert outcome.problems == []
    assert any("moodle_php_workers is 20" in sentence for sentence in outcome.warnings)


def test_numbers_agree_with_the_images() -> None:
    image = ROOT / "roles" / "image" / "files"
    pool = (image / "rootfs/opt/campus-moodle/src/PoolSize.php").read_text(encoding="utf-8")
    for name, number in (("SHARED_MIB", 256), ("WORKER_MIB", 64), ("WORKERS_PER_CPU", 6), ("LEAST", 2)):
        assert f"{name} = {number};" in pool
    assert (capacity.SHARED, capacity.WORKER, capacity.WORKERS_PER_CPU, capacity.LEAST_WORKERS) == (256, 64, 6, 2)
    proxy = (image / "services/opt/campus-services/lib/proxy.sh").read_text(encoding="utf-8")
    assert f"proxy_places={compose_sizes.PROXY_PLACES}\n" in proxy


def test_what_the_site_does_not_bring_is_asked_for_before_anything_is_touched() -> None:
    given = {
        **EXTERNAL,
        "moodle_database_sslmode": "require",
        "moodle_session_host": "sessions.example.edu",
        "moodle_environment": "development",
        "moodle_code_directory": "/srv/code",
    }
    needs = describe(OPTIONS, {**LEAST, **given}, around()).spec["target"]["needs"]
    assert needs["servers"] == [
        {"host": "db", "port": 5432, "variable": "moodle_database_host"},
        {"host": "sessions.example.edu", "port": 6379, "variable": "moodle_session_host"},
    ]
    assert needs["paths"] == [{"path": "/srv/code", "kind": "directory", "variable": "moodle_code_directory"}]


ACME = {"moodle_tls": "acme", "moodle_acme_email": "a@b.edu", "moodle_bind_address": "0.0.0.0"}


@pytest.mark.parametrize(
    ("ports", "warned"),
    [({}, True), ({"moodle_http_port": 80}, True), ({"moodle_http_port": 80, "moodle_https_port": 443}, False)],
)
def test_ports_that_no_authority_asks_are_a_warning(ports: dict[str, t.Any], warned: bool) -> None:
    outcome = describe(OPTIONS, {**LEAST, **ACME, **ports}, around())
    assert outcome.problems == []
    assert any("moodle_tls is acme but ports" in sentence for sentence in outcome.warnings) is warned


# What would refuse a run, and does not matter to what goes.
BROKEN: list[dict[str, t.Any]] = [
    {**TLS, "moodle_tls_certificate": "expired.pem"},
    {**TLS, "moodle_tls_certificate": "no.pem"},
    {"moodle_branch": "4.4"},
    {"moodle_hostname": None},
    {"moodle_http_port": "http", "moodle_size": "huge"},
]


@pytest.mark.parametrize("given", BROKEN)
def test_a_site_that_could_not_run_can_be_removed(given: dict[str, t.Any]) -> None:
    assert problems_of(given)
    outcome = describe(OPTIONS, {**LEAST, **given}, around(), "removal")
    assert (outcome.problems, outcome.warnings) == ([], [])
    assert outcome.spec["target"]["name"] == "compose"
    assert {key: outcome.spec[key] for key in ("name", "project", "directory", "destroy_data")} == {
        "name": "physics-1-example",
        "project": "moodle-physics-1-example",
        "directory": "/opt/moodle/physics-1-example",
        "destroy_data": "",
    }


@pytest.mark.parametrize(
    "given",
    [
        {"moodle_name": "Physics Lab"},
        {"moodle_directory": "moodle"},
        {"moodle_directory": "/"},
        {"moodle_target": "swarm"},
        {"moodle_destroy_dat": "physics"},
    ],
)
def test_removal_still_asks_which_site_it_is(given: dict[str, t.Any]) -> None:
    assert len(describe(OPTIONS, {**LEAST, **given}, around(), "removal").problems) == 1


def test_names_that_the_collection_gives_to_hosts_are_no_mistake() -> None:
    assert problems_of({name: object() for name in RESERVED}) == []
    assert not set(RESERVED) & set(OPTIONS)


def test_defaults_are_those_of_the_branch_table() -> None:
    assert OPTIONS["moodle_branch"].default == DEFAULT_BRANCH
    assert OPTIONS["moodle_database_version"].default == str(POSTGRESQL)


def test_text_from_an_ini_inventory_is_cast() -> None:
    spec = describe(OPTIONS, {**LEAST, "moodle_http_port": "8080", "moodle_php_cpus": "1.5", "moodle_database_pooler": "no"}, around()).spec
    assert (spec["http_port"], spec["php"]["cpus"], spec["database"]["pooler"]) == (8080, 1.5, False)


def test_no_secret_enters_the_description() -> None:
    given = {**LEAST, "moodle_admin_password": "CANARY-aA1", "moodle_database_host": "db", "moodle_database_password": "CANARY"}
    outcome = describe(OPTIONS, given, around())
    assert outcome.problems == []
    assert "CANARY" not in repr(outcome)
    assert outcome.spec["secrets_given"] == ["admin_password", "database_password"]


def test_no_secret_enters_a_sentence() -> None:
    given = {
        "moodle_admin_password": ["CANARY"],
        "moodle_database_password": "CANARY",
        "moodle_settings": {"core": {"smtppass": "CANARY"}},
        "moodle_secret_settings": {"smtppass": "CANARY"},
    }
    problems = problems_of(given)
    assert len(problems) == 4
    assert "CANARY" not in repr(problems)


def test_presets_and_secrets_name_only_options() -> None:
    assert {*SECRETS, *(name for preset in PRESETS.values() for name in preset)} <= set(OPTIONS)


def test_every_option_is_neutral_or_belongs_to_a_target() -> None:
    """Each has one place: a field of Site or of a target's options, or it is a secret, which has none."""
    neutral, special = set(options_of(Site)), {name for target in TARGETS.values() for name in options_of(target.options)}
    assert neutral | special | set(SECRETS) | {"moodle_target"} == set(OPTIONS)
    assert not neutral & special
    assert not (neutral | special) & set(SECRETS)
    assert {name for name in OPTIONS if owners(name)} == special


def test_relations_are_between_options() -> None:
    for cls in (Site, *(target.options for target in TARGETS.values())):
        named = {other for form in options_of(cls).values() for other in (*form.needs, *form.within)}
        assert named <= set(OPTIONS)


def test_the_choices_of_the_target_are_the_targets() -> None:
    assert set(OPTIONS["moodle_target"].choices) == set(TARGETS) == {target.name for target in TARGETS.values()}


def test_what_identifies_a_site_is_an_option_of_its_target() -> None:
    for target in TARGETS.values():
        assert target.identity <= set(options_of(target.options)), target.name
        assert set(target.ports.values()) <= set(options_of(target.options)), target.name


def test_presets_have_the_same_options() -> None:
    assert len({frozenset(preset) for preset in PRESETS.values()}) == 1


@pytest.mark.parametrize(("host", "name"), [("Physics", "physics"), ("a.b_c", "a-b-c"), ("-x-", "x"), ("x" * 60, "x" * 40)])
def test_names_are_made_safe(host: str, name: str) -> None:
    assert safe_name(host) == name
