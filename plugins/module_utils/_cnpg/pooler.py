# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Bringing a Pooler into a state: the object that options describe, and when its pods run with it."""

from __future__ import annotations

import time
import typing as t

from .._kube.ready import Predicate, Verdict, ready
from .._kube.wait import Ref
from ._objects import OBJECT_ARGUMENTS, Params, Task, Warn, diff_of
from ._spec import as_setting, merge
from ._view import API
from ._waiting import QUIET_SECONDS, Arrival, Clock

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ARGUMENTS: dict[str, t.Any] = {
    **OBJECT_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str", "choices": ["rw", "ro", "r"], "default": "rw"},
    "instances": {"type": "int", "default": 1},
    "pool_mode": {"type": "str", "choices": ["session", "transaction"], "default": "session"},
    "parameters": {"type": "dict"},
    "paused": {"type": "bool", "default": False},
    "template": {"type": "dict"},
    "spec": {"type": "dict"},
    "wait": {"type": "str", "choices": ["none", "ready"], "default": "ready"},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ["cluster"])]}


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Bring the pooler into its state and return the result of the module."""
    task = Task(client, params, check_mode=check_mode, warn=warn)
    name, namespace = params["name"], params["namespace"]
    ref, deployment = Ref(API, "Pooler", name, namespace), Ref("apps/v1", "Deployment", name, namespace)
    if params["state"] == "absent":
        live = client.get(*ref)
        change = task.remove(live)
        if task.waits and live is not None:
            task.wait_gone(ref)
        return {"changed": change.verb != "unchanged", "diff": diff_of(change)}
    desired = build_pooler(params)
    change = task.plan(desired)
    old = client.get(*deployment) if task.waits else None
    changed = task.carry_out(desired, change) is not None
    if task.waits:
        task.wait_for(deployment, pooler_predicate(params["instances"], old=old, changed=changed), changed=changed)
    connection = {"host": f"{name}.{namespace}.svc", "port": 5432}
    return {"changed": change.verb != "unchanged", "diff": diff_of(change), "connection": connection}


def build_pooler(params: Params) -> Object:
    """Return the Pooler to apply."""
    parameters = {name: as_setting(value) for name, value in (params.get("parameters") or {}).items()}
    pgbouncer = {"poolMode": params["pool_mode"], "paused": params["paused"], **({"parameters": parameters} if parameters else {})}
    spec: dict[str, t.Any] = {
        "cluster": {"name": params["cluster"]},
        "type": params["type"],
        "instances": params["instances"],
        "pgbouncer": pgbouncer,
    }
    if params.get("template"):
        spec["template"] = params["template"]
    merge(spec, params.get("spec") or {}, "spec")
    metadata = {"name": params["name"], "namespace": params["namespace"]}
    return {"apiVersion": API, "kind": "Pooler", "metadata": metadata, "spec": spec}


def pooler_predicate(
    instances: int, *, old: t.Optional[Object], changed: bool, quiet: float = QUIET_SECONDS, clock: Clock = time.monotonic
) -> Predicate:
    """Return what checks the Deployment of a Pooler: all its pods run, and it is the one from after our change.

    old is the Deployment as it was before a change, None when it was not there; changed tells whether there was a change.
    Settings of PgBouncer reach its pods without a new Deployment, so one that stays as it is counts after a while.
    """
    arrived = Arrival(old or {"metadata": {}}, report=_generation, quiet=quiet, clock=clock) if changed else lambda obj: True

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return Verdict("waiting", "The operator has made no Deployment yet.")
        replicas = (obj.get("spec") or {}).get("replicas", 1)
        if not arrived(obj) or replicas != instances:
            return Verdict("waiting", f"The Deployment still has {replicas} pods, or the operator has not answered to the change yet.")
        return ready(obj)

    return check


def _generation(obj: t.Mapping[str, t.Any]) -> t.Any:
    return obj["metadata"].get("generation")
