# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fixtures of the container tests: one network, one PostgreSQL, one Valkey and the image under test."""

from __future__ import annotations

import concurrent.futures
import os
import typing as t

import pytest
from ansible.plugins.loader import init_plugin_loader
from changes import BROKEN, BROKEN_LATE, BUMP, SCHEMA
from sites import PORT, PROBE, Engine, Site, get
from support import modules, plays
from support.docker import docker
from support.wait import wait_for


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of the tests that need a container engine and built images; find the collection as Ansible does."""
    init_plugin_loader(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":"))
    config.addinivalue_line("markers", "container: needs a container engine, MOODLE_TEST_IMAGE and MOODLE_TEST_SERVICES_IMAGE")


def _image(name: str) -> str:
    reference = os.environ.get(name, "")
    if not reference:
        pytest.skip(f"{name} names no image")
    return reference


@pytest.fixture(scope="session")
def services_image() -> str:
    """Return the services image, for tests that need nothing else."""
    return _image("MOODLE_TEST_SERVICES_IMAGE")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Engine]:
    """Start the services that every site of this session uses."""
    image, services = _image("MOODLE_TEST_IMAGE"), _image("MOODLE_TEST_SERVICES_IMAGE")
    with Engine(image, services, tmp_path_factory.mktemp("secrets")) as started:
        yield started


@pytest.fixture(scope="session")
def site(engine: Engine) -> Site:
    """Return a site for all tests that only use it. Three containers installed it at the same time."""
    installed = engine.new_site("shared")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        installed.installs = list(pool.map(lambda _number: installed.run("install"), range(3)))
    assert [done.code for done in installed.installs] == [0, 0, 0], [done.log[-2000:] for done in installed.installs]
    return installed


@pytest.fixture
def empty_site(engine: Engine, request: pytest.FixtureRequest) -> Site:
    """Return a site with an empty database of its own."""
    return engine.new_site(request.node.name)


@pytest.fixture(scope="module")
def served(engine: Engine, site: Site) -> t.Iterator[Site]:
    """Serve the shared site: pooler, PHP and web, and a page of ours among Moodle's. web has as little memory as in Compose."""
    socket = f"--volume={engine.volume('pooler')}:/run/pooler"
    webroot = "/srv/moodle/public" if site.run("info").result["layout"] == "public" else "/srv/moodle"
    probe = f"--volume={PROBE}:{webroot}/campus-probe.php:ro"
    database = {
        "MOODLE_DATABASE_HOST": "db",
        "MOODLE_DATABASE_NAME": site.database,
        "MOODLE_DATABASE_PASSWORD_FILE": "/run/secrets/database",
    }
    engine.start("pooler", engine.services, "pooler", "--tmpfs=/tmp", socket, env=database)
    site.start("php", socket, probe, MOODLE_DATABASE_POOLER_HOST="/run/pooler")
    limits = ["--memory=128m", "--memory-swap=128m"]
    site.start("web", f"--publish=127.0.0.1:{PORT}:8080", probe, *limits, MOODLE_TRUSTED_PROXIES="10.0.0.0/8,172.16.0.0/12,192.168.0.0/16")
    wait_for(lambda: get(f"http://127.0.0.1:{PORT}/-/ready")[0] == 200, seconds=30, what="readiness")
    yield site
    for name in ("web", "php", "pooler"):
        docker("rm", "--force", f"{engine.name}-{name}")


@pytest.fixture(scope="session")
def used_site(engine: Engine, site: Site) -> Site:
    """Return a site of its own for the tests of modules, which change it as they like."""
    return engine.clone(site, "used")


@pytest.fixture(scope="session")
def run_module(tmp_path_factory: pytest.TempPathFactory) -> modules.ModuleRunner:
    """Return a function that runs a module as a process and returns its result."""
    return modules.ModuleRunner(tmp_path_factory.mktemp("modules"))


@pytest.fixture(scope="session")
def run_play(tmp_path_factory: pytest.TempPathFactory) -> plays.PlayRunner:
    """Return a function that runs tasks with ansible-playbook."""
    return plays.PlayRunner(tmp_path_factory.mktemp("plays"))


@pytest.fixture
def moodle(used_site: Site, run_module: modules.ModuleRunner) -> t.Callable[..., dict[str, t.Any]]:
    """Return a function that runs a moodle_* module on the used site: moodle("user", users=[...], check=True)."""

    def run(name: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module(f"moodle_{name}", {"runner": used_site.runner(), **options}, check=check)

    return run


@pytest.fixture
def four_beats(used_site: Site, run_module: modules.ModuleRunner) -> t.Callable[..., modules.FourBeats]:
    """Return a function that runs a moodle_* module on the used site four times: check, do, check again, do again."""

    def run(name: str, **options: t.Any) -> modules.FourBeats:
        return modules.four_beats(run_module, f"moodle_{name}", {"runner": used_site.runner(), **options})

    return run


@pytest.fixture(scope="session")
def newer_images(engine: Engine) -> dict[str, str]:
    """Return images with newer code than the one under test."""
    return {
        "code": engine.derive("code", BUMP),
        "schema": engine.derive("schema", BUMP, SCHEMA),
        "broken": engine.derive("broken", BUMP, SCHEMA, BROKEN),
        "broken late": engine.derive("broken-late", BUMP, SCHEMA, BROKEN_LATE),
    }
