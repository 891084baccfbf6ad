# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fixtures of the container tests: one network, one PostgreSQL, one Valkey and the image under test."""

from __future__ import annotations

import concurrent.futures
import os
import typing as t

import pytest
from sites import Engine, Site


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of the tests that need a container engine and built images."""
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
