# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Secrets are used, and are nowhere to be seen: those planted as files before the first run, and those in variables of a later one."""

from __future__ import annotations

import dataclasses
import json
import secrets
import typing as t

import pytest
from support.docker import docker, inspect, logs
from support.evidence import Sampler, found_in

if t.TYPE_CHECKING:
    from conftest import FirstRun
    from support.playbook import Run
    from support.site import Site


@dataclasses.dataclass(frozen=True)
class Later:
    """A run with secrets in variables, another one in check mode, and what both showed."""

    run: Run
    looked: Run
    canaries: dict[str, str] = dataclasses.field(repr=False)
    exposed: set[str]


@pytest.fixture(scope="module")
def later(site: Site, first_run: tuple[Site, FirstRun]) -> Later:
    """Give every kind of secret that goes through a variable. They stay among the site's variables."""
    canaries = {name: f"Canary-{name[0]}-{secrets.token_hex(16)}" for name in ("smtp_password", "secret_setting")}
    site.variables.update(
        # The same as the planted file, so it is allowed.
        moodle_admin_password=first_run[1].canaries["admin_password"],
        moodle_smtp_host="smtp.example.org",
        moodle_smtp_user="e2e",
        moodle_smtp_password=canaries["smtp_password"],
        moodle_secret_settings={"core": {"e2e_apikey": canaries["secret_setting"]}},
    )
    canaries["admin_password"] = first_run[1].canaries["admin_password"]
    with Sampler(canaries.values()) as sampler:
        looked = site.deploy("-vvv", "--diff", "--check")
        run = site.deploy("-vvv", "--diff")
    return Later(run, looked, canaries, sampler.exposed)


def test_planted_secrets_are_kept(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    """Were they replaced, the search below would prove nothing."""
    kept = {name: (site.secrets / name).read_text(encoding="utf-8").strip() for name in first_run[1].canaries}
    assert kept == first_run[1].canaries


def test_output_of_the_first_run(first_run: tuple[Site, FirstRun]) -> None:
    assert found_in(first_run[1].run.output, first_run[1].canaries) == []


def test_command_lines_of_all_processes(first_run: tuple[Site, FirstRun]) -> None:
    assert not first_run[1].exposed


def test_docker_inspect(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    """Covers environment, arguments, labels, health checks and their last answers."""
    assert found_in(json.dumps(site.containers()), first_run[1].canaries) == []


def test_images(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    for image in {container["Image"] for container in site.containers()}:
        text = docker("history", "--no-trunc", image) + json.dumps(inspect(image))
        assert found_in(text, first_run[1].canaries) == []


def test_container_logs(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    text = "".join(logs(container["Id"]) for container in site.containers())
    assert found_in(text, first_run[1].canaries) == []


def test_compose_file_and_its_environment(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    shown = docker("compose", "--project-directory", str(site.directory), "--file", str(site.directory / "compose.yml"), "config")
    files = [path for path in site.directory.rglob("*") if path.is_file() and "secrets" not in path.parts]
    assert files
    assert found_in(shown + "".join(path.read_text(errors="replace") for path in files), first_run[1].canaries) == []


def test_secrets_in_variables_arrive(site: Site, later: Later) -> None:
    """Were they not used, the search below would prove nothing."""
    assert later.looked.rc == 0, later.looked.reasons
    assert later.run.rc == 0, later.run.reasons
    assert (site.secrets / "smtp_password").read_text(encoding="utf-8").strip() == later.canaries["smtp_password"]
    assert site.sql("SELECT value FROM mdl_config WHERE name = 'e2e_apikey'") == later.canaries["secret_setting"]


def test_secrets_in_variables_are_nowhere_to_be_seen(site: Site, later: Later) -> None:
    assert found_in(later.looked.output, later.canaries) == []
    assert found_in(later.run.output, later.canaries) == []
    assert not later.exposed
    assert found_in(json.dumps(site.containers()), later.canaries) == []
    assert found_in("".join(logs(container["Id"]) for container in site.containers()), later.canaries) == []
    files = [path for path in site.directory.rglob("*") if path.is_file() and "secrets" not in path.parts]
    assert found_in("".join(path.read_text(errors="replace") for path in files), later.canaries) == []


def test_another_first_password_is_refused_with_what_to_do(site: Site, later: Later) -> None:
    before = site.identities()
    run = site.deploy(moodle_admin_password="Another-1-password")
    assert run.rc != 0
    assert "change it in Moodle" in run.reasons
    assert "Another-1-password" not in run.output
    assert (site.secrets / "admin_password").read_text(encoding="utf-8").strip() == later.canaries["admin_password"]
    assert site.identities() == before


def in_force(site: Site) -> dict[str, str]:
    """Return what serves and what it reads: the compose file, each pooler and PHP container's definition, the password.

    Not Compose's hash of a definition, which in some releases depends on how the container was started. The order of the environment
    means nothing: Compose gives another one at each start.
    """
    made_of = {
        container["Id"] if service == "php" else service: repr([config["Image"], config["Cmd"], sorted(config["Env"])])
        for service in ("pooler", "php")
        for container in site.containers(service)
        for config in [container["Config"]]
    }
    definition = (site.directory / "compose.yml").read_text(encoding="utf-8")
    return {**made_of, "compose.yml": definition, "smtp_password": (site.secrets / "smtp_password").read_text(encoding="utf-8")}


@pytest.fixture
def without_php(site: Site) -> t.Iterator[dict[str, str | None]]:
    """The variables of an image that can look at the database, and whose PHP cannot start."""
    image, tag = site.container("php")["Config"]["Image"], "campus.moodle/site:e2e-without-php"
    user = inspect(image)[0]["Config"]["User"]
    docker("build", "--tag", tag, "-", stdin=f"FROM {image}\nUSER root\nRUN rm /usr/sbin/php-fpm*\nUSER {user}\n")
    yield {"moodle_source": None, "moodle_image": tag, "moodle_services_image": site.container("pooler")["Config"]["Image"]}
    docker("image", "rm", tag)


def test_a_rollout_that_fails_brings_pooler_and_secrets_back(site: Site, later: Later, without_php: dict[str, str | None]) -> None:
    """PHP does not come up, after the pooler was replaced and the secret was written. The next run finds all as it was before."""
    before = in_force(site)
    run = site.deploy(moodle_smtp_password="Another-secret-1", moodle_database_pooler_size=7, moodle_wait_timeout=20, **without_php)
    assert run.rc != 0
    assert "php" in run.reasons
    assert "goes on with the ones it had" in run.reasons
    assert in_force(site) == before
    site.wait_until_ready(60)
    assert not list(site.secrets.glob("*.previous"))
    again = site.deploy()
    assert (again.rc, again.changed_tasks) == (0, []), again.reasons
