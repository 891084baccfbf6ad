# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Objects of CloudNativePG for tests of what is done with a cluster, and steps that its operator would do."""

from __future__ import annotations

import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import PHASE_HEALTHY, ClusterView
from ansible_collections.campus.moodle.plugins.module_utils._kube.client import Object
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

NAMESPACE = "physics"
API = "postgresql.cnpg.io/v1"
SINCE = "2026-11-01T00:00:00Z"
PLUGIN = {"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": {"barmanObjectName": "offsite"}}


def condition(name: str, status: bool, reason: str = "", message: str = "") -> dict[str, str]:
    """Return a condition."""
    return {"type": name, "status": str(status), "reason": reason, "message": message, "lastTransitionTime": SINCE}


def cluster(
    name: str = "moodle",
    *,
    primary: str = "moodle-1",
    annotations: t.Optional[dict[str, str]] = None,
    labels: t.Optional[dict[str, str]] = None,
    conditions: t.Sequence[dict[str, str]] = (),
    instances: int = 3,
    status: t.Optional[dict[str, t.Any]] = None,
    **spec: t.Any,
) -> Object:
    """Return a healthy cluster."""
    names = [f"{name}-{number}" for number in range(1, instances + 1)]
    reported = {
        "phase": PHASE_HEALTHY,
        "instances": instances,
        "readyInstances": instances,
        "instanceNames": names,
        "currentPrimary": primary,
        "targetPrimary": primary,
        "conditions": [condition("Ready", True), condition("ContinuousArchiving", True), *conditions],
        **(status or {}),
    }
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations or {}, "labels": labels or {}}
    return {"apiVersion": API, "kind": "Cluster", "metadata": metadata, "spec": {"instances": instances, **spec}, "status": reported}


def view(name: str = "moodle", **changes: t.Any) -> ClusterView:
    """Return what a cluster says about itself."""
    return ClusterView.from_object(cluster(name, **changes))


def pod(name: str, *, ready: bool = True, node: str = "a", of: str = "moodle") -> Object:
    """Return an instance's pod."""
    labels = {"cnpg.io/cluster": of, "cnpg.io/podRole": "instance"}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    status = {"conditions": [condition("Ready", ready)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": status}


def backup(name: str = "moodle-1", *, of: str = "moodle", spec: t.Optional[dict[str, t.Any]] = None, **status: t.Any) -> Object:
    """Return a Backup."""
    metadata = {"name": name, "namespace": NAMESPACE}
    complete = {"cluster": {"name": of}, "method": "barmanObjectStore", **(spec or {})}
    return {"apiVersion": API, "kind": "Backup", "metadata": metadata, "spec": complete, "status": status}


def object_store(name: str = "offsite", **windows: t.Any) -> Object:
    """Return an ObjectStore with what it knows of each server."""
    metadata = {"name": name, "namespace": NAMESPACE}
    rows = {server: {"firstRecoverabilityPoint": first} for server, first in windows.items()}
    return {"apiVersion": "barmancloud.cnpg.io/v1", "kind": "ObjectStore", "metadata": metadata, "status": {"serverRecoveryWindow": rows}}


def status(kind: str, name: str, **changes: t.Any) -> t.Callable[[FakeClient], None]:
    """Return a step that writes a status."""
    return lambda client: client.set_status(kind, name, **changes)
