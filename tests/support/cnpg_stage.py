# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""CloudNativePG without its operator: real definitions on a real API server, and a test that writes what the operator would write.

The statuses are those that CloudNativePG 1.29 writes. Whether an operator writes them is for the cluster tier to show.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import typing as t

from support.kubernetes import ApiServer
from support.modules import ModuleRunner

API = "postgresql.cnpg.io/v1"
CORE = {"Pod": "pods", "PersistentVolumeClaim": "persistentvolumeclaims"}
HEALTHY = "Cluster in healthy state"
SINCE = "2026-11-01T00:00:00Z"
PATIENCE = 30.0
MERGE = "application/merge-patch+json"
T = t.TypeVar("T")


def condition(name: str, status: bool, reason: str = "Because", message: str = "") -> dict[str, str]:
    """Return a condition."""
    return {"type": name, "status": str(status), "reason": reason, "message": message, "lastTransitionTime": SINCE}


@contextlib.contextmanager
def meanwhile(function: t.Callable[..., T], /, *args: t.Any, **options: t.Any) -> t.Iterator[concurrent.futures.Future[T]]:
    """Call a function while the body of the with statement runs, and wait for its end."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(function, *args, **options)
        try:
            yield future
        except AssertionError as error:
            raise AssertionError(f"{error}\nMeanwhile: {future.result()}") from error


class Stage:
    """One namespace, and the hand of the operator in it."""

    def __init__(self, server: ApiServer, kube: t.Any, run_module: ModuleRunner, namespace: str) -> None:
        self.server = server
        self.kube = kube
        self.namespace = namespace
        self.kubeconfig = server.kubeconfig
        self._run_module = run_module

    def run(self, module: str, /, *, check: bool = False, **args: t.Any) -> dict[str, t.Any]:
        """Run a module in the namespace and return its result."""
        given = {"kubeconfig": self.kubeconfig, "namespace": self.namespace, **args}
        return self._run_module(module, given, check=check)

    @contextlib.contextmanager
    def running(self, module: str, /, **args: t.Any) -> t.Iterator[concurrent.futures.Future[dict[str, t.Any]]]:
        """Run a module while the body of the with statement plays the operator; result() of what it yields is the result."""
        with meanwhile(self.run, module, **args) as future:
            yield future

    def path(self, kind: str, name: str = "", subresource: str = "", api_version: str = API) -> str:
        """Return the address of an object."""
        root = f"/api/v1/namespaces/{self.namespace}" if kind in CORE else f"/apis/{api_version}/namespaces/{self.namespace}"
        plural = CORE.get(kind) or f"{kind.lower()}s"
        return "/".join([root, plural, *filter(None, (name, subresource))])

    def create(self, obj: dict[str, t.Any], status: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Create an object, and then its status."""
        kind, name = obj["kind"], obj["metadata"]["name"]
        made = self.server.request("POST", self.path(kind, api_version=obj["apiVersion"]), obj)
        return self.set_status(kind, name, api_version=obj["apiVersion"], **status) if status else made

    def set_status(self, kind: str, name: str, *, api_version: str = API, **status: t.Any) -> dict[str, t.Any]:
        """Write fields of a status, as the operator, the kubelet or a plugin does."""
        return self.server.request("PATCH", self.path(kind, name, "status", api_version), {"status": status}, MERGE)

    def patch(self, kind: str, name: str, patch: dict[str, t.Any]) -> dict[str, t.Any]:
        """Change an object."""
        return self.server.request("PATCH", self.path(kind, name), patch, MERGE)

    def get(self, kind: str, name: str) -> dict[str, t.Any] | None:
        """Return an object, None when it does not exist."""
        return self.kube.get("v1" if kind in CORE else API, kind, name, self.namespace)

    def until(self, kind: str, name: str, holds: t.Callable[[dict[str, t.Any]], t.Any]) -> dict[str, t.Any]:
        """Watch an object until something holds for it, and return it."""
        for event, obj in self.kube.watch("v1" if kind in CORE else API, kind, self.namespace, name=name, timeout=PATIENCE):
            if event != "DELETED" and holds(obj):
                return obj
        raise AssertionError(f"{kind} {name} did not get there: {self.get(kind, name)}")

    def cluster(self, name: str = "moodle", *, instances: int = 3, annotations: dict[str, str] | None = None, **spec: t.Any) -> str:
        """Create a healthy cluster with its pods."""
        wanted = {"instances": instances, "storage": {"size": "1Gi"}, **spec}
        metadata = {"name": name, "annotations": annotations or {}}
        self.create({"apiVersion": API, "kind": "Cluster", "metadata": metadata, "spec": wanted}, self.healthy(name, instances=instances))
        for number in range(1, instances + 1):
            self.pod(f"{name}-{number}", of=name)
        return name

    @staticmethod
    def healthy(name: str, *, primary: int = 1, instances: int = 3, more: t.Sequence[dict[str, str]] = ()) -> dict[str, t.Any]:
        """Return the status of a healthy cluster."""
        return {
            "phase": HEALTHY,
            "phaseReason": "",
            "instances": instances,
            "readyInstances": instances,
            "instanceNames": [f"{name}-{number}" for number in range(1, instances + 1)],
            "currentPrimary": f"{name}-{primary}",
            "targetPrimary": f"{name}-{primary}",
            "conditions": [condition("Ready", True, "ClusterIsReady"), condition("ContinuousArchiving", True), *more],
        }

    def pod(self, name: str, *, of: str, ready: bool = True) -> None:
        """Create the pod of an instance."""
        labels = {"cnpg.io/cluster": of, "cnpg.io/podRole": "instance"}
        container = {"name": "postgres", "image": "registry.invalid/postgresql:17.5"}
        spec = {"containers": [container], "nodeName": f"node-{name}"}
        self.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec})
        self.pod_ready(name, ready)

    def pod_ready(self, name: str, ready: bool) -> None:
        """Write what the kubelet writes when the readiness probe answers."""
        self.set_status("Pod", name, conditions=[condition("Ready", ready, message="" if ready else "the probe failed")])

    def backup(self, name: str, *, of: str = "moodle", spec: dict[str, t.Any] | None = None, **status: t.Any) -> None:
        """Create a Backup."""
        wanted = {"cluster": {"name": of}, "method": "barmanObjectStore", **(spec or {})}
        self.create({"apiVersion": API, "kind": "Backup", "metadata": {"name": name}, "spec": wanted}, status)
