# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fixtures of the tools tier: real programs and servers on this machine, started for the tests that ask for them.

Nothing here is faked and nothing is skipped when it is missing: `scripts/setup.sh tools` brings every program.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import subprocess
import typing as t
import uuid

import pytest
from ansible.plugins.loader import init_plugin_loader
from support import kubernetes, modules, storage
from support.kubernetes import ApiServer
from support.modules import FourBeats, ModuleRunner
from support.plays import PlayRunner
from support.servers import program
from support.storage import S3, Place

if t.TYPE_CHECKING:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient


class Program(t.NamedTuple):
    """An installed program."""

    version: str
    path: str


def pytest_configure() -> None:
    """Make the collection importable, the way Ansible itself does it."""
    init_plugin_loader(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that ask a Kubernetes API together, so that only two workers start one; those of restic go wherever there is room."""
    for item in items:
        area = item.path.name.split("_")[1]
        if area != "restic":
            item.add_marker(pytest.mark.xdist_group("helm" if area == "helm" else "kubernetes"))


@pytest.fixture(scope="session")
def run_module(tmp_path_factory: pytest.TempPathFactory) -> ModuleRunner:
    """run_module(name, args, *, check=False, diff=True, environ=None) runs a module as a process and returns its result."""
    return ModuleRunner(tmp_path_factory.mktemp("modules"))


@pytest.fixture(scope="session")
def four_beats(run_module: ModuleRunner) -> t.Callable[..., FourBeats]:
    """four_beats(name, args, environ=None): check, do, check again, do again, with what must hold between them."""
    return functools.partial(modules.four_beats, run_module)


@pytest.fixture(scope="session")
def run_play(tmp_path_factory: pytest.TempPathFactory) -> PlayRunner:
    """run_play(tasks, *, variables=None, check=False, diff=True, verbosity=3) runs tasks with ansible-playbook."""
    return PlayRunner(tmp_path_factory.mktemp("plays"))


@pytest.fixture(scope="session")
def examples_of() -> t.Callable[..., list[dict[str, t.Any]]]:
    """examples_of(name, kind="modules") gives the tasks in the EXAMPLES of a plugin, to be run with run_play."""
    return modules.examples_of


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ApiServer]:
    """A real kube-apiserver with etcd on loopback: no nodes and no controllers, so nothing runs and namespaces do not go away."""
    with kubernetes.started(tmp_path_factory.mktemp("kubernetes")) as server:
        yield server


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """The name of a new, empty namespace."""
    name = f"tools-{uuid.uuid4().hex[:10]}"
    api_server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture(scope="session")
def kube(api_server: ApiServer) -> KubeClient:
    """The collection's own client of the API server, as admin."""
    # Not at the top: the collection can be imported only after pytest_configure.
    from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from

    return client_from({"kubeconfig": api_server.kubeconfig}, {})


@pytest.fixture(scope="session")
def cnpg_crds(api_server: ApiServer) -> list[str]:
    """The names of CloudNativePG's custom resource definitions, which the API server now has. Their operator is not there."""
    return kubernetes.install_crds(api_server, pathlib.Path(program("cloudnative-pg"), "config", "crd", "bases"))


@pytest.fixture(scope="session")
def helm3() -> str:
    """The path of Helm 3."""
    return program("helm3")


@pytest.fixture(scope="session")
def helm4() -> str:
    """The path of Helm 4."""
    return program("helm4")


@pytest.fixture(scope="session", params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> str:
    """The path of Helm 3, then of Helm 4: a test that asks for it runs with each."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def chart_repository(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    """A web server for a chart repository: put archives and index.yaml into .folder; .url is its address."""
    with storage.web_server(tmp_path_factory.mktemp("charts")) as server:
        yield server


@pytest.fixture(scope="session")
def oci_registry(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    """A registry without TLS and passwords; .url begins with oci://."""
    with storage.oci_registry(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="session")
def restics() -> list[Program]:
    """Debian's restic, and a current one."""
    found = []
    for path in ("/usr/bin/restic", program("restic")):
        said = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
        found.append(Program(said.split()[1], path))
    return found


@pytest.fixture(scope="session", params=[0, 1], ids=["debian", "current"])
def restic(request: pytest.FixtureRequest, restics: list[Program]) -> Program:
    """Debian's restic, then a current one: a test that asks for it runs with each."""
    return restics[request.param]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[S3]:
    """An S3 server."""
    with storage.s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def rest_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[t.Callable[..., Place]]:
    """rest_server(append_only=False, data=None) starts a REST server for restic; servers with the same data share repositories."""
    with contextlib.ExitStack() as servers:

        def start(*, append_only: bool = False, data: pathlib.Path | None = None) -> Place:
            folder = tmp_path_factory.mktemp("rest-server")
            return servers.enter_context(storage.rest_server(folder, data or folder / "data", append_only=append_only))

        yield start


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[t.Callable[[int], pathlib.Path]]:
    """small_disk(megabytes) mounts a file system of that size and returns its folder."""
    with contextlib.ExitStack() as disks:
        yield lambda megabytes: disks.enter_context(storage.small_disk(tmp_path_factory.mktemp("disk"), megabytes))
