# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The compose file: rendered for several descriptions, it is valid, holds no secret, and every container is locked down."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import OPTIONS, ROOT, around

IDENTITY = {"site_id": "8f14e45f-ceea-467f-a0d6-3f2a2a3f2b0e", "generations": {"database_password": 2}}
IMAGES = {"site": "campus.moodle/site:4.5.1-0123456789ab", "services": "campus.moodle/services:0123456789ab", "alias": "php-0123456789ab"}


def spec_of(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the checked description of a site."""
    outcome = describe(OPTIONS, {"moodle_hostname": "moodle.example.edu", **given}, around(inventory_hostname="physics"))
    assert outcome.problems == []
    return outcome.spec


def render(spec: dict[str, t.Any]) -> str:
    """Render the template as the role does."""
    template = (ROOT / "roles" / "target_compose" / "templates" / "compose.yml.j2").read_text(encoding="utf-8")
    templar = Templar(loader=DataLoader(), variables={"site": spec, "images": IMAGES, "identity": IDENTITY})
    return str(templar.template(trust_as_template(template)))


SITES: dict[str, dict[str, t.Any]] = {
    "least": {},
    "development": {"moodle_environment": "development"},
    "live code": {"moodle_environment": "development", "moodle_code_directory": "/srv/code"},
    "large": {"moodle_size": "large", "moodle_bind_address": "0.0.0.0", "moodle_tls": "acme", "moodle_acme_email": "a@b.edu"},
    "certificate": {"moodle_tls": "certificate", "moodle_tls_certificate": "cert.pem", "moodle_tls_private_key": "key.pem"},
    "external everything": {
        "moodle_tls": "external",
        "moodle_database_host": "db.example.edu",
        "moodle_database_password": "CANARY",
        "moodle_database_sslmode": "verify-full",
        "moodle_database_sslrootcert": "ca.pem",
        "moodle_session_host": "sessions.example.edu",
        "moodle_session_password": "CANARY",
        "moodle_cache_host": "cache.example.edu",
        "moodle_cache_password": "CANARY",
        "moodle_no_email": True,
        "moodle_smtp_host": "mail.example.edu",
        "moodle_smtp_user": "moodle",
        "moodle_smtp_password": "CANARY",
        "moodle_trusted_proxies": ["10.0.0.0/8"],
    },
    "nothing beside": {
        "moodle_database_pooler": False,
        "moodle_session_store": "database",
        "moodle_cache_store": "file",
        "moodle_adhoc_replicas": 0,
    },
    "no services at all": {
        "moodle_database_host": "db",
        "moodle_database_password": "CANARY",
        "moodle_database_pooler": False,
        "moodle_session_store": "database",
        "moodle_cache_store": "file",
    },
    "awkward text": {"moodle_full_name": "Physik: \"Ä\" & $HOME 'x' %}", "moodle_forced_settings": {"core": {"a": "$b"}}},
}


@pytest.fixture(scope="module", params=SITES, ids=list(SITES))
def rendered(request: pytest.FixtureRequest) -> tuple[str, str, dict[str, t.Any]]:
    """Return name, text and parsed compose file of one description."""
    text = render(spec_of(SITES[request.param]))
    return request.param, text, yaml.safe_load(text)


def test_every_service_is_locked_down(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    _name, _text, compose = rendered
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service, name
        assert "max-size" in service["logging"]["options"], name


def test_every_container_of_the_site_image_has_its_temporary_folders(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    """The root file system is read-only, and /tmp is a part of the container's memory."""
    _name, _text, compose = rendered
    for name, service in compose["services"].items():
        folders = dict(mount.split(":", 1) for mount in service["tmpfs"])
        wanted = {"/run/moodle", "/var/cache/moodle", "/tmp"} if service["image"] == IMAGES["site"] else {"/tmp"}
        assert set(folders) == wanted, name
        size = re.search(r"size=(\d+)m", folders["/tmp"])
        assert size, name
        assert int(size[1]) < int(service["mem_limit"].rstrip("m")), name


def test_no_secret_is_in_the_file(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    _name, text, compose = rendered
    assert "CANARY" not in text
    used = {
        secret["source"] if isinstance(secret, dict) else secret
        for service in compose["services"].values()
        for secret in service.get("secrets", [])
    }
    assert used == set(compose["secrets"])


@pytest.mark.parametrize(("name", "file"), [("least", "database_password"), ("external everything", "external_database_password")])
def test_the_password_of_another_database_has_a_file_of_its_own(name: str, file: str) -> None:
    compose = yaml.safe_load(render(spec_of(SITES[name])))
    files = {secret: row["file"] for secret, row in compose["secrets"].items() if "database_password" in secret}
    assert files == {"database_password": f"./secrets/moodle/{file}", "services_database_password": f"./secrets/services/{file}"}
    assert f"{file}=" in compose["services"]["php"]["labels"]["campus.moodle.secrets"].split()[0]
    assert {"source": "services_database_password", "target": "database_password"} in compose["services"]["pooler"]["secrets"]


def test_every_secret_that_a_service_is_told_of_is_mounted(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    _name, _text, compose = rendered
    for name, service in compose["services"].items():
        told = {value for key, value in service.get("environment", {}).items() if key.endswith("_FILE") and str(value).startswith("/run/")}
        mounted = {f"/run/secrets/{row if isinstance(row, str) else row['target']}" for row in service.get("secrets", [])}
        assert told <= mounted, name


def test_a_cache_with_a_password_and_a_site_without_mail() -> None:
    given, least = (yaml.safe_load(render(spec_of(SITES[name])))["services"]["php"] for name in ("external everything", "least"))
    names = {"MOODLE_CACHE_PASSWORD_FILE": "/run/secrets/cache_password", "MOODLE_NO_EMAIL": "true"}
    assert names.items() <= given["environment"].items()
    assert "cache_password" in given["secrets"]
    assert not names.keys() & least["environment"].keys()


def test_every_volume_is_used(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    _name, _text, compose = rendered
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    used = {mount.split(":")[0] for mount in mounts if isinstance(mount, str) and not mount.startswith((".", "/"))}
    assert used == set(compose["volumes"])


def test_only_the_proxy_is_published_in_production(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    name, _text, compose = rendered
    publishing = {service for service, row in compose["services"].items() if row.get("ports")}
    assert publishing == ({"proxy", "postgres", "valkey-sessions", "mail"} if name in ("development", "live code") else {"proxy"})


def test_only_the_one_off_service_reads_the_admin_password(rendered: tuple[str, str, dict[str, t.Any]]) -> None:
    _name, _text, compose = rendered
    assert [name for name, row in compose["services"].items() if "admin_password" in row.get("secrets", [])] == ["cli"]


def test_awkward_text_arrives_as_it_is() -> None:
    compose = yaml.safe_load(render(spec_of(SITES["awkward text"])))
    environment = compose["services"]["cli"]["environment"]
    assert environment["MOODLE_FULL_NAME"].replace("$$", "$") == SITES["awkward text"]["moodle_full_name"]
    assert json.loads(environment["MOODLE_FORCED_SETTINGS"].replace("$$", "$")) == {"core": {"a": "$b"}}


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command with its Compose plugin")
def test_compose_accepts_it(rendered: tuple[str, str, dict[str, t.Any]], tmp_path: Path) -> None:
    if subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs Docker's Compose plugin")
    command = ["docker", "compose", "--project-directory", str(tmp_path), "--file", "-", "config", "--quiet"]
    result = subprocess.run(command, input=rendered[1], check=False, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
