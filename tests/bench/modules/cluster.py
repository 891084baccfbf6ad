# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Tasks that find nothing to do on a real API server: helm_release and cnpg_cluster beside the modules of kubernetes.core."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t
import zipfile

from packed import Task, cost_of, packed, unpacked
from report import Row, alternate
from support.helm import CHARTS
from support.kubernetes import ApiServer, install_crds
from support.modules import environment
from support.servers import program

# One interpreter, with kubernetes.core and its libraries, for both sides.
PYTHON = pathlib.Path(os.environ["BENCH_VENV"], "bin", "python")
COLLECTIONS = pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])
CLIENT = "ansible_collections.campus.moodle.plugins.module_utils._kube.client"
Call = tuple[str, dict[str, t.Any]]
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
        self.place = {"name": "bench", "namespace": namespace, "kubeconfig": server.kubeconfig}
        self._folder = folder
        self.environ = environ_of(folder, **environ)
        server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def compared(self, what: str, aim: str, rounds: int, ours: Call, reference: Call) -> list[Row]:
        """Run two tasks once, so that from then on there is nothing to do, and compare the processor time of doing nothing."""
        calls = {"ours": ours, "reference": reference, "nothing": ("ansible.builtin.ping", {"data": "pong"})}
        rows = []
        for title, make in (("as Ansible sends it", packed), ("from files", unpacked)):
            tasks = {
                who: make(PYTHON, name, args, self._folder / f"{make.__name__}-{who}", self.environ) for who, (name, args) in calls.items()
            }
            rows.append(alternate(f"CPU: {what}, {title}", aim, rounds, **{who: cpu_of(task) for who, task in tasks.items()}))
        return rows


def cpu_of(task: Task) -> t.Callable[[], float]:
    """Return what runs a task, which must not change anything, and returns its processor time."""
    return lambda: task().cpu


def environ_of(folder: pathlib.Path, **more: str) -> dict[str, str]:
    """Return an environment in which no setting of the user counts."""
    (folder / "ansible.cfg").touch()
    return environment(more, ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_CONFIG=str(folder / "ansible.cfg"))


def helm_rows(server: ApiServer, folder: pathlib.Path, rounds: int) -> list[Row]:
    """A release of the tests' chart."""
    binary, chart = program("helm3"), str(CHARTS / "site")
    bench = Bench(server, folder, "bench-helm", HELM_PLUGINS=str(helm_plugins(folder)))
    common = {"values": VALUES, **bench.place}
    ours = {"binary": binary, "chart": {"ref": chart}, **common}
    reference = {"binary_path": binary, "chart_ref": chart, **common}
    what = "unchanged helm_release beside kubernetes.core.helm with helm-diff"
    return bench.compared(what, "0.25", rounds, ("campus.moodle.helm_release", ours), ("kubernetes.core.helm", reference))


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
    ours = ("campus.moodle.cnpg_cluster", {"wait": "none", **CLUSTER, **bench.place})
    unpacked(PYTHON, *ours, folder / "first", bench.environ)
    made = server.request("GET", "/apis/postgresql.cnpg.io/v1/namespaces/bench-cnpg/clusters/bench")
    same = {
        **{name: made[name] for name in ("apiVersion", "kind", "spec")},
        "metadata": {name: made["metadata"][name] for name in ("name", "namespace")},
    }
    reference = ("kubernetes.core.k8s", {"kubeconfig": server.kubeconfig, "definition": same, "apply": True})
    return bench.compared("unchanged cnpg_cluster beside kubernetes.core.k8s", "0.5", rounds, ours, reference)


def import_rows(folder: pathlib.Path, rounds: int) -> list[Row]:
    """The client of the API, from an archive without bytecode, as a packed module has to, and from files. Nothing is a bare Python."""
    archive = folder.with_suffix(".zip")
    utils = pathlib.Path(*CLIENT.split(".")[:-1])
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for package in (utils, *utils.parents[:-1]):
            content.writestr(f"{package}/__init__.py", "")
        for path in (COLLECTIONS / utils).glob("*.py"):
            content.write(path, utils / path.name)
    rows = []
    for title, place in (("as Ansible sends it", archive), ("from files", COLLECTIONS)):
        environ = environment(PYTHONPATH=str(place), PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(folder))

        def seconds(code: str, environ: dict[str, str] = environ) -> float:
            return cost_of([str(PYTHON), "-c", code], environ)[0].cpu

        seconds(f"import {CLIENT}")
        what = f"CPU: import of the Kubernetes client {title}"
        sides = {"ours": lambda: seconds(f"import {CLIENT}"), "nothing": lambda: seconds("pass")}
        rows.append(alternate(what, "0.1 s", 4 * rounds, **sides))
    return rows
