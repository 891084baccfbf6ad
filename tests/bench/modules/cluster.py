# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Tasks that find nothing to do on a real API server: helm_release and cnpg_cluster beside the modules of kubernetes.core."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t
import zipfile

from packed import Packed, cost_of
from report import Row, alternate
from support.helm import CHARTS
from support.kubernetes import ApiServer, install_crds
from support.modules import environment
from support.servers import program

# One interpreter, with kubernetes.core and its libraries, for both sides.
PYTHON = pathlib.Path(os.environ["BENCH_VENV"], "bin", "python")
COLLECTIONS = pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])
CLIENT = "ansible_collections.campus.moodle.plugins.module_utils._kube_client"
VALUES = {"replicas": 2, "message": "benchmark", "password": "not-a-secret"}
CLUSTER = {
    "instances": 3,
    "image": "registry.invalid/postgresql:17.6",
    "storage": {"size": "20Gi"},
    "synchronous": {"number": 1, "data_durability": "preferred"},
    "parameters": {"max_connections": 200, "shared_buffers": "1GB"},
    "bootstrap": {"initdb": {"database": "moodle", "owner": "moodle"}},
    "spec": {"primaryUpdateStrategy": "unsupervised", "affinity": {"topologyKey": "kubernetes.io/hostname"}},
}


class Bench:
    """A namespace of an API server, and tasks in it."""

    def __init__(self, server: ApiServer, folder: pathlib.Path, namespace: str, **environ: str) -> None:
        folder.mkdir(exist_ok=True)
        self.server = server
        self.place = {"name": "bench", "namespace": namespace}
        self._folder = folder
        self._environ = environ_of(folder, **environ)
        server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def task(self, module: str, **args: t.Any) -> t.Callable[[], float]:
        """Run a task once, so that from then on there is nothing to do; what is returned repeats it and returns its CPU seconds."""
        given = {"kubeconfig": self.server.kubeconfig, **args}
        packed = Packed(PYTHON, module, given, self._folder / module, self._environ)
        packed()
        return lambda: packed().cpu


def environ_of(folder: pathlib.Path, **more: str) -> dict[str, str]:
    """Return an environment in which no setting of the user counts."""
    (folder / "ansible.cfg").touch()
    return environment(more, ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_CONFIG=str(folder / "ansible.cfg"))


def helm_rows(server: ApiServer, folder: pathlib.Path, rounds: int) -> list[Row]:
    """A release of the tests' chart."""
    binary, chart = program("helm3"), str(CHARTS / "site")
    bench = Bench(server, folder, "bench-helm", HELM_PLUGINS=str(helm_plugins(folder)))
    common = {"values": VALUES, **bench.place}
    ours = bench.task("campus.moodle.helm_release", binary=binary, chart={"ref": chart}, **common)
    reference = bench.task("kubernetes.core.helm", binary_path=binary, chart_ref=chart, **common)
    return [alternate("CPU: helm_release, unchanged, beside kubernetes.core.helm with helm-diff", "0.25", rounds, ours, reference)]


def helm_plugins(folder: pathlib.Path) -> pathlib.Path:
    """Return a new folder of plugins for helm, with helm-diff in it."""
    binary = program("helm-diff")
    plugins = folder / "plugins"
    (plugins / "diff").mkdir(parents=True)
    description = {"name": "diff", "version": binary.rpartition("-")[2], "usage": "diff", "description": "diff", "command": binary}
    # JSON is YAML.
    (plugins / "diff" / "plugin.yaml").write_text(json.dumps(description), encoding="utf-8")
    return plugins


def cnpg_rows(server: ApiServer, folder: pathlib.Path, rounds: int) -> list[Row]:
    """A Cluster of CloudNativePG."""
    install_crds(server, pathlib.Path(program("cloudnative-pg"), "config", "crd", "bases"))
    bench = Bench(server, folder, "bench-cnpg")
    ours = bench.task("campus.moodle.cnpg_cluster", wait="none", **CLUSTER, **bench.place)
    made = server.request("GET", "/apis/postgresql.cnpg.io/v1/namespaces/bench-cnpg/clusters/bench")
    same = {**{name: made[name] for name in ("apiVersion", "kind", "spec")}, "metadata": bench.place}
    reference = bench.task("kubernetes.core.k8s", definition=same, apply=True)
    # The reference has left a note in the object; ours must still have nothing to do, or alternate() would show a failure.
    return [alternate("CPU: cnpg_cluster, unchanged, beside kubernetes.core.k8s", "0.5", rounds, ours, reference)]


def import_rows(folder: pathlib.Path, rounds: int) -> list[Row]:
    """The client of the API, from files with their bytecode, and from an archive without it, as a packed module has to."""
    archive = folder.with_suffix(".zip")
    utils = pathlib.Path(*CLIENT.split(".")[:-1])
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for package in (utils, *utils.parents[:-1]):
            packed.writestr(f"{package}/__init__.py", "")
        for path in (COLLECTIONS / utils).glob("*.py"):
            packed.write(path, utils / path.name)
    rows = []
    for title, place in (("from files", COLLECTIONS), ("from the archive of a packed module", archive)):
        environ = environment(PYTHONPATH=str(place), PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(folder))

        def seconds(code: str, environ: dict[str, str] = environ) -> float:
            return cost_of([str(PYTHON), "-c", code], environ)[0].cpu

        seconds(f"import {CLIENT}")
        what = f"CPU: import of the Kubernetes client {title}, beside a bare Python"
        rows.append(alternate(what, "0.1 s above", 4 * rounds, lambda: seconds(f"import {CLIENT}"), lambda: seconds("pass"), above=True))
    return rows
