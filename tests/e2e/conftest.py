# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Options and fixtures of the e2e tier: one site, made by the first run of site.yml, is used by all files in order of name."""

from __future__ import annotations

import dataclasses
import pathlib
import secrets
import typing as t

import pytest
from support import payload as payloads
from support.evidence import Sampler
from support.playbook import Controller, Run
from support.ports import free_port
from support.site import Site

if t.TYPE_CHECKING:
    from support.payload import Payload

NAME = "e2e"
# What an administrator may bring along: files of the site's secrets folder, each with a value that is searched for later.
PLANTED = ("admin_password", "database_password", "session_password", "salt")


@dataclasses.dataclass(frozen=True)
class FirstRun:
    """The run that made the site, and what could be seen of it from outside."""

    run: Run
    canaries: dict[str, str] = dataclasses.field(repr=False)
    exposed: set[str]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this tier."""
    group = parser.getgroup("e2e")
    group.addoption(
        "--e2e-payload",
        choices=("auto", "rehearsal", "moodle"),
        default="auto",
        help="what the sites run: real Moodle (MOODLE_SOURCE, else an archive in MOODLE_CACHE), or the rehearsal payload; "
        "auto takes the first one that is there",
    )
    group.addoption("--e2e-keep", action="store_true", help="leave the site running after the tests")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last of all which payload ran."""
    kind = payloads.choose(config.getoption("--e2e-payload"))
    config.get_terminal_writer().line(f"e2e payload: {payloads.describe(kind)}")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder for everything a run writes outside of Docker."""
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="session")
def payload(request: pytest.FixtureRequest, workspace: pathlib.Path) -> Payload:
    """The releases that the sites of this run are made of."""
    kind = payloads.choose(request.config.getoption("--e2e-payload"))
    return payloads.real_moodle(workspace / "payload") if kind == "moodle" else payloads.rehearsal(workspace / "payload")


@pytest.fixture(scope="session")
def controller(workspace: pathlib.Path) -> Controller:
    """Where playbooks are started."""
    return Controller(workspace / "controller")


@pytest.fixture(scope="session")
def make_site(controller: Controller, workspace: pathlib.Path, payload: Payload) -> t.Callable[..., Site]:
    """Return a function that describes a site: make_site(name, moodle_x=...). Nothing runs until it is deployed."""

    def make(name: str, **variables: t.Any) -> Site:
        defaults = {
            **payload.base.variables,
            "moodle_target": "compose",
            "moodle_directory": str(workspace / "sites" / name),
            "moodle_http_port": free_port(),
            "moodle_admin_email": "admin@example.org",
        }
        return Site(controller, name, {**defaults, **variables})

    return make


@pytest.fixture(scope="session")
def first_run(request: pytest.FixtureRequest, make_site: t.Callable[..., Site]) -> t.Iterator[tuple[Site, FirstRun]]:
    """Deploy the site for the first time, with all output there is, and watch the process table meanwhile."""
    site = make_site(NAME)
    site.remove()
    site.secrets.mkdir(parents=True, mode=0o700)
    canaries = {name: f"Canary-{name[0]}-{secrets.token_hex(16)}" for name in PLANTED}
    for name, value in canaries.items():
        path = site.secrets / name
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
    with Sampler(canaries.values()) as sampler:
        run = site.deploy("-vvv", "--diff")
    yield site, FirstRun(run, canaries, sampler.exposed)
    if not request.config.getoption("--e2e-keep"):
        site.remove()


@pytest.fixture(scope="session")
def site(first_run: tuple[Site, FirstRun]) -> Site:
    """The running site."""
    deployed, result = first_run
    assert result.run.rc == 0, f"the first run of site.yml failed:\n{result.run.reasons}"
    return deployed


@pytest.fixture(scope="session")
def code_directory(workspace: pathlib.Path, payload: Payload) -> pathlib.Path:
    """The code of the second site, as a developer has it: a folder of files to edit."""
    return payloads.unpack((payload.public or payload.base).path, workspace / "code")


@pytest.fixture(scope="session")
def neighbour(site: Site, payload: Payload, code_directory: pathlib.Path, make_site: t.Callable[..., Site]) -> t.Iterator[Site]:
    """A second site on the same machine: for development, and in the layout of 5.1 and later where the payload has it."""
    ports = ("moodle_database_host_port", "moodle_session_host_port", "moodle_mail_smtp_port", "moodle_mail_http_port")
    second = make_site(
        f"{NAME}-two",
        moodle_environment="development",
        moodle_code_directory=str(code_directory),
        **{name: free_port() for name in ports},
        **(payload.public or payload.base).variables,
    )
    second.remove()
    run = second.deploy()
    assert run.rc == 0, f"the second site could not be deployed:\n{run.reasons}"
    yield second
    second.remove()


@pytest.fixture(scope="session")
def admin_password(first_run: tuple[Site, FirstRun]) -> str:
    """The password of the site's administrator."""
    return first_run[1].canaries["admin_password"]
