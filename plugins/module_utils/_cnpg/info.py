# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Everything that is known about clusters, and the requirements that make a gate of it."""

from __future__ import annotations

import datetime
import typing as t

from .._kube.errors import KubeError
from .._tool.times import now, parse_age, parse_time
from ._backups import recovery_window, window_in
from ._health import OK, assess, certificate_days
from ._instances import archiving, instance_rows, read_status
from ._objects import Params, Warn, require_cluster
from ._operator import advisories, operator_version
from ._spec import connection
from ._view import API, BARMAN_API, ClusterView, CnpgError
from ._waiting import read_instance_pods

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Report = dict[str, t.Any]
SWITCHES = ("healthy", "archiving", "no_fencing", "no_pending_restart", "no_advisories", "synchronous")
REQUIRE: dict[str, t.Any] = {
    **{name: {"type": "bool", "default": False} for name in SWITCHES},
    "backup_max_age": {"type": "str"},
    **{name: {"type": "int"} for name in ("certificates_days", "max_lag_bytes", "ready_instances")},
}
ARGUMENTS: dict[str, t.Any] = {
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "ask_instances": {"type": "bool", "default": True},
    "require": {"type": "dict", "options": REQUIRE},
}
RULES: dict[str, t.Any] = {"required_by": {"name": ["namespace"]}}


def run(client: KubeClient, params: Params, *, warn: Warn) -> dict[str, t.Any]:
    """Return the result of the module; CnpgError with the same result when a requirement does not hold."""
    name, namespace, moment = params["name"], params["namespace"], now()
    objects = [require_cluster(client, name, namespace)] if name else client.list(API, "Cluster", namespace)
    clusters = [report(client, obj, with_instances=params["ask_instances"], now=moment) for obj in objects]
    result: dict[str, t.Any] = {"clusters": clusters, "operator": operator_report(client)}
    if requirements(params["require"] or {}):
        if not clusters:
            where = f"in namespace {namespace}" if namespace else "in any namespace"
            what = f"There is no Cluster {where}, so nothing of what is required holds"
            raise CnpgError(f"{what}. Check the namespace and the context of the kubeconfig.", error="not_found", **result)
        result["failures"] = [row for found in clusters for row in unmet(found, params["require"], result["operator"])]
        if result["failures"]:
            listed = "; ".join(f"{row['cluster']} {row['requirement']}: {row['reason'].rstrip('.')}" for row in result["failures"])
            raise CnpgError(f"Not everything that is required holds: {listed}.", error="unmet", **result)
    for sentence in result["operator"]["advisories"]:
        warn(sentence)
    return {"changed": False, **result}


def report(client: KubeClient, obj: Object, *, with_instances: bool, now: datetime.datetime) -> Report:
    """Return what a cluster, its pods and its instances report."""
    view = ClusterView.from_object(obj)
    pods = read_instance_pods(client, view) if with_instances else None
    pages = {pod["metadata"]["name"]: read_status(client, view.namespace, pod["metadata"]["name"]) for pod in pods or ()}
    health = assess(view, pods, now=now.timestamp())
    return {
        **view.summary(),
        "health": {"level": health.level, "reasons": health.reasons},
        "members": instance_rows(view, pods, pages),
        "archiving": archiving(view, pages),
        "recovery_window": _window(client, view, now),
        "certificates": certificate_days(view, now.timestamp()),
        "synchronous": view.synchronous,
        "plugins": [{name: row.get(name) for name in ("name", "version")} for row in view.status.get("pluginStatus") or ()],
        "connection": connection(obj),
    }


def _window(client: KubeClient, view: ClusterView, now: datetime.datetime) -> dict[str, t.Any]:
    """Return the recovery window. Its ObjectStore may be out of reach although the cluster is not."""
    store, problem = None, None
    try:
        store = client.get(BARMAN_API, "ObjectStore", view.object_store, view.namespace) if view.object_store else None
    except KubeError as error:
        problem = str(error)
    window = window_in(store or {}, view.server_name) if view.object_store else recovery_window(client, view)
    last = parse_time(window["last_successful"])
    return {**window, "age": round((now - last).total_seconds()) if last else None, "error": problem}


def operator_report(client: KubeClient) -> dict[str, t.Any]:
    """Return the operator's version and its known vulnerabilities; a user of one namespace may have no right to its Deployment."""
    try:
        version, problem = operator_version(client), None
    except KubeError as error:
        version, problem = None, str(error)
    return {"version": version, "advisories": advisories(version), "error": problem}


def requirements(require: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is really required. Zero is a requirement, and only False switches one off."""
    return {rule: value for rule, value in sorted(require.items()) if value is not None and value is not False}


def unmet(found: Report, require: t.Mapping[str, t.Any], operator: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Return the requirements that do not hold, each with the reason. What is unknown does not hold."""
    facts, name = {**found, "operator": operator}, f"{found['namespace']}/{found['name']}"
    checked = {rule: REQUIREMENTS[rule](facts, value) for rule, value in requirements(require).items()}
    return [{"requirement": rule, "cluster": name, "reason": reason} for rule, reason in checked.items() if reason]


def _healthy(found: Report, _value: bool) -> str:
    return "" if found["health"]["level"] == OK else " ".join(found["health"]["reasons"])


def _archiving(found: Report, _value: bool) -> str:
    state = found["archiving"]
    return "" if state["working"] else state["message"] or "nothing is known about the archive of the log"


def _backup_age(found: Report, value: str) -> str:
    window = found["recovery_window"]
    if window["age"] is None:
        return window["error"] or "no successful backup is known"
    limit = parse_age(value, "require.backup_max_age")
    return f"the last successful backup is from {window['last_successful']}" if window["age"] > limit else ""


def _certificates(found: Report, value: int) -> str:
    short = [f"{name} ends in {days} days" for name, days in sorted(found["certificates"].items()) if days < value]
    return ", ".join(short) if found["certificates"] else "no certificate is known"


def _fencing(found: Report, _value: bool) -> str:
    return f"fenced: {', '.join(found['fenced'])}" if found["fenced"] else ""


def _synchronous(found: Report, _value: bool) -> str:
    number = found["synchronous"].get("number", 0)
    names = [row["name"] for row in found["members"] if row["sync_state"] in ("sync", "quorum")]
    if not number:
        return "the cluster does not replicate synchronously"
    return f"{len(names)} replicas can confirm a transaction, and {number} must" if len(names) < number else ""


def _lag(found: Report, value: int) -> str:
    replicas = [row for row in found["members"] if not row["primary"]]
    late = [f"{row['name']} is {'an unknown number of' if row['lag_bytes'] is None else row['lag_bytes']} bytes behind" for row in replicas]
    return ", ".join(text for row, text in zip(replicas, late) if row["lag_bytes"] is None or row["lag_bytes"] > value)


def _ready(found: Report, value: int) -> str:
    return f"{found['ready_instances']} instances are ready, and {value} must be" if found["ready_instances"] < value else ""


def _restart(found: Report, _value: bool) -> str:
    waiting = [row["name"] for row in found["members"] if row["pending_restart"] is not False]
    return f"settings wait for a restart, or that is not known, of {', '.join(waiting)}" if waiting else ""


def _advisories(found: Report, _value: bool) -> str:
    operator = found["operator"]
    return " ".join(operator["advisories"]) if operator["version"] else operator["error"] or "the version of the operator is unknown"


# Requirement to the function that returns why it does not hold.
REQUIREMENTS: dict[str, t.Callable[[Report, t.Any], str]] = {
    "archiving": _archiving,
    "backup_max_age": _backup_age,
    "certificates_days": _certificates,
    "healthy": _healthy,
    "max_lag_bytes": _lag,
    "no_advisories": _advisories,
    "no_fencing": _fencing,
    "no_pending_restart": _restart,
    "ready_instances": _ready,
    "synchronous": _synchronous,
}
