# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A site that release 0.2.0 made is taken over as it is: the same inventory gives the same compose file, to the byte, the same secrets,
and the same questions to the machine."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.tests.unit.fakes import certificate_files as certificates
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import OPTIONS, ROOT, around
from ansible_collections.campus.moodle.tests.unit.fakes.site_inventories import INVENTORIES, LEAST

RECORDS = ROOT / "tests" / "unit" / "fakes" / "site_records"
SITE, TARGET = ROOT / "roles" / "site", ROOT / "roles" / "target_compose"
IDENTITY = {
    "site_id": "8f14e45f-ceea-467f-a0d6-3f2a2a3f2b0e",
    "generations": {
        "admin_password": 1,
        "database_password": 2,
        "external_database_password": 1,
        "salt": 1,
        "session_password": 3,
        "tls_certificate": 4,
    },
}
IMAGES = {"image_reference": "campus.moodle/site:4.5.1-0123456789ab", "image_services_reference": "campus.moodle/services:0123456789ab"}


def trusted(value: t.Any) -> t.Any:
    """Return what a YAML file of the collection holds, with its templates to be rendered."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def read(path: Path) -> t.Any:
    """Return a YAML file of a role."""
    return trusted(yaml.safe_load(path.read_text(encoding="utf-8")))


def missing(spec: dict[str, t.Any], before: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what a description had before, and has no longer or has with another value."""
    lost = {key: value for key, value in before.items() if not isinstance(value, dict) and (key not in spec or spec[key] != value)}
    groups = {key: missing(spec.get(key, {}), value) for key, value in before.items() if isinstance(value, dict)}
    return lost | {key: rows for key, rows in groups.items() if rows}


class Site:
    """One site, and what its role hands to its modules."""

    def __init__(self, name: str, folder: Path) -> None:
        for file, content in certificates.FILES.items():
            (folder / file).write_bytes(content)
        there = {"/cache/bin/mailhog": "/cache/bin/mailhog", **{file: str(folder / file) for file in certificates.FILES}}
        given = {**LEAST, **INVENTORIES[name]}
        self.outcome = describe(OPTIONS, given, around(find=there.get, read=lambda path: Path(path).read_bytes()))
        self._folder = folder
        self._variables = {
            **read(SITE / "vars" / "main" / "main.yml"),
            **read(TARGET / "vars" / "main.yml"),
            **given,
            **IMAGES,
            "__site_described": {"spec": self.outcome.spec},
            "__target_compose_identity": IDENTITY,
            "ansible_check_mode": False,
        }

    def render(self, template: t.Any, variables: t.Optional[dict[str, t.Any]] = None) -> t.Any:
        """Return a rendered structure, with the site's variables or with others."""
        return Templar(loader=DataLoader(), variables=variables or self._variables).template(template)

    def options(self, path: Path, module: str) -> dict[str, t.Any]:
        """Return the rendered options that a task file gives to a module."""
        (task,) = [task for task in read(path) if module in task and not task.get("check_mode")]
        return self.render(task[module])

    def plain(self, value: t.Any) -> t.Any:
        """Return a value as a record holds it: without the folder and the random content of the certificates."""
        text = json.dumps(value)
        for file in ("cert.pem", "key.pem", "ca.pem"):
            text = text.replace(json.dumps(certificates.FILES[file].decode().rstrip("\n")), json.dumps(f"the content of {file}"))
        return json.loads(text.replace(str(self._folder), "/here"))


@pytest.fixture(scope="module", params=INVENTORIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, str, dict[str, t.Any]]:
    """Return a site, the compose file that 0.2.0 wrote for it, and what it gave to its modules."""
    record = json.loads((RECORDS / f"{request.param}.json").read_text(encoding="utf-8"))
    compose = (RECORDS / f"{request.param}.compose.txt").read_text(encoding="utf-8")
    return Site(request.param, tmp_path_factory.mktemp("site")), compose, record


def test_the_compose_file_is_the_same(pair: tuple[Site, str, dict[str, t.Any]]) -> None:
    site, compose, _record = pair
    template = (TARGET / "templates" / "compose.yml.j2").read_text(encoding="utf-8")
    variables = site.render(read(TARGET / "vars" / "main.yml")["__target_compose_template_vars"])
    assert str(site.render(trust_as_template(template), variables)) == compose


def by_name(secrets: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Return the secrets as the module takes them, with its defaults."""
    return {row["name"]: {"once": False, "value": None, "source": None, **row} for row in secrets}


def test_the_secrets_are_the_same(pair: tuple[Site, str, dict[str, t.Any]]) -> None:
    site, _compose, record = pair
    given = site.options(TARGET / "tasks" / "secrets.yml", "campus.moodle.compose_secrets")
    assert site.plain(by_name(given["secrets"])) == by_name(record["secrets"])
    assert given["readers"] == record["readers"]


def test_the_machine_is_asked_the_same(pair: tuple[Site, str, dict[str, t.Any]]) -> None:
    site, _compose, record = pair
    assert site.options(TARGET / "tasks" / "preflight.yml", "campus.moodle.compose_preflight") == record["preflight"]
    assert site.options(SITE / "tasks" / "wait.yml", "campus.moodle.site_verify") == record["verify"]
    assert site.options(SITE / "tasks" / "settings.yml", "campus.moodle.moodle_config")["runner"] == record["runner"]


def test_the_description_and_the_warnings_are_the_same(pair: tuple[Site, str, dict[str, t.Any]]) -> None:
    site, _compose, record = pair
    assert site.outcome.problems == []
    spec, before = site.plain(site.outcome.spec), record["spec"]
    target = spec.pop("target")
    assert target.pop("name") == before.pop("target")
    # What only the target compose reads, undocumented, and now below "target".
    before_target = {key: before.pop(key) for key in ("published", "ports", "needs")}
    assert {key: target[key] for key in before_target} == before_target
    assert missing(spec, before) == {}
    assert sorted(site.plain(site.outcome.warnings)) == sorted(record["warnings"])
