# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fixtures of the container tests: one network, one PostgreSQL, one Valkey and the image under test."""

from __future__ import annotations

import concurrent.futures
import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from sites import Engine, Site

# Modules are run here as in the tier of the tools.
sys.path.append(str(Path(__file__).parents[1] / "tools"))

from support import modules, plays

# Each works on both layouts of the code.
WEBROOT = "$(test -d /srv/moodle/public/lib && echo /srv/moodle/public || echo /srv/moodle)"
BUMP = rf"sed -i -E 's/^(\s*\$version\s*=\s*[0-9]+)\.([0-9]+)/\1.99/' {WEBROOT}/version.php"
SCHEMA = rf"echo '// another step' >> {WEBROOT}/lib/db/upgrade.php"
# Moodle's script for upgrades with a statement before it; questions and unlocking go through.
WRAPPED = (
    "cd /srv/moodle/admin/cli && mv upgrade.php upgrade-whole.php && "
    """printf '<?php if (!preg_grep("/^--(is-|unset)/", $argv)) {{ {} }}\\n"""
    """require __DIR__ . "/upgrade-whole.php";' > upgrade.php"""
)
BROKEN = WRAPPED.format('fwrite(STDERR, "broken on purpose"); exit(1);')
BROKEN_LATE = WRAPPED.format("register_shutdown_function(static fn () => exit(1));")


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
