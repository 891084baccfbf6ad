# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""`make demo` and `make demo-down`, with ports of their own, so that a demo that runs on this machine is left alone."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import typing as t

import pytest
import yaml
from support import REPOSITORY
from support.docker import project_containers, project_volumes
from support.playbook import parse_recap
from support.ports import free_port
from support.web import User

if t.TYPE_CHECKING:
    from support.payload import Payload

NAME = "e2e-demo"
PORTS = ("moodle_http_port", "moodle_database_host_port", "moodle_session_host_port", "moodle_mail_smtp_port", "moodle_mail_http_port")


@dataclasses.dataclass(frozen=True)
class Demo:
    """The demo's inventory with one site of another name, and the ways a user has to start and to remove it."""

    inventory: pathlib.Path
    variables: dict[str, t.Any]
    source: str

    @property
    def directory(self) -> pathlib.Path:
        """Where the site's files lie."""
        return pathlib.Path("/opt/moodle", NAME)

    def make(self, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make with a target; Moodle's code is named in the environment only where the caller does so."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOODLE_SOURCE")}
        own = {"DEMO_INVENTORY": str(self.inventory), "DEMO_SITE": NAME, "ANSIBLE_NOCOLOR": "true"}
        return subprocess.run(
            ["make", "--silent", "--directory", str(REPOSITORY), target],
            env={**inherited, **own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=900,
            check=False,
        )

    def remove(self) -> None:
        """Remove what an earlier run or a failed test has left."""
        if self.directory.exists() or self.volumes() or project_containers(f"moodle-{NAME}"):
            self.make("demo-down", CONFIRM="yes")

    def volumes(self) -> list[str]:
        """Return the names of the site's volumes."""
        return project_volumes(f"moodle-{NAME}")

    def sesskey(self) -> str:
        """Log in as the last lines of `make demo` say, and return the session's key."""
        user = User(f"http://localhost:{self.variables['moodle_http_port']}")
        user.login("admin", (self.directory / "secrets/moodle/admin_password").read_text(encoding="utf-8").strip())
        return user.sesskey


@pytest.fixture(scope="module")
def demo(payload: Payload, workspace: pathlib.Path) -> t.Iterator[Demo]:
    """The inventory as it is shipped, but for the site's name and ports."""
    folder = workspace / "demo"
    shutil.copytree(REPOSITORY / "inventories" / "compose", folder)
    hosts = yaml.safe_load((folder / "hosts.yml").read_text(encoding="utf-8"))
    sites = hosts["all"]["children"]["moodle_sites"]["hosts"]
    variables = {**sites.pop("demo"), "moodle_branch": payload.base.branch, **{name: free_port() for name in PORTS}}
    sites[NAME] = variables
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    made = Demo(folder, variables, payload.base.path)
    made.remove()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def first(demo: Demo) -> list[str]:
    """What `make demo` printed, line by line."""
    done = demo.make("demo", MOODLE_SOURCE=demo.source)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout.splitlines()


def test_last_lines_say_what_a_user_needs(demo: Demo, first: list[str], payload: Payload) -> None:
    end = next(number for number, line in enumerate(first) if line.startswith("==> the demo runs"))
    said = dict(line.split(maxsplit=1) for line in first[end + 1 :])
    assert said["Address"] == f"http://localhost:{demo.variables['moodle_http_port']}"
    assert said["Admin"] == "admin"
    assert said["Password"] == f"in the file {demo.directory}/secrets/moodle/admin_password"
    assert said["Payload"] == {"moodle": "real Moodle", "rehearsal": "the rehearsal payload, not Moodle"}[payload.kind]


def test_user_can_log_in(demo: Demo, first: list[str]) -> None:
    assert demo.sesskey()


def test_second_demo_changes_nothing_and_keeps_its_payload(demo: Demo, first: list[str]) -> None:
    """Nobody names the code again; whatever the network offers, the demo goes on with what its database was made by."""
    done = demo.make("demo")
    assert done.returncode == 0, done.stdout[-3000:]
    # The machine's engine and the site.
    counts = parse_recap(done.stdout)
    assert sorted(counts) == [NAME, "machine"]
    assert {count["changed"] for count in counts.values()} == {0}
    assert f"this demo goes on with {demo.source}; `make demo-down CONFIRM=yes` removes the demo" in done.stdout


def test_data_stay_without_a_confirmation(demo: Demo, first: list[str]) -> None:
    volumes = demo.volumes()
    done = demo.make("demo-down")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project_containers(f"moodle-{NAME}")
    assert volumes
    assert demo.volumes() == volumes


def test_next_demo_finds_the_data(demo: Demo, first: list[str]) -> None:
    done = demo.make("demo")
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^Site +e2e-demo \(development, (?!install)\w+\)$", done.stdout, re.MULTILINE)
    assert demo.sesskey()


def test_confirmed_removal_leaves_nothing(demo: Demo, first: list[str]) -> None:
    done = demo.make("demo-down", CONFIRM="yes")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project_containers(f"moodle-{NAME}")
    assert not demo.volumes()
    assert not list(demo.directory.parent.glob(f"{demo.directory.name}*"))
