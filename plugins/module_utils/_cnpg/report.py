# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Everything that is known about a cluster in one mapping, and the requirements that make a gate of it."""

from __future__ import annotations

import datetime
import typing as t

from .._kube.errors import KubeError
from .._tool.times import parse_age, parse_time
from ._backup import recovery_window, window_in
from ._health import OK, certificate_days, verdict
from ._instances import archiving, ask, instance_rows
from ._operator import advisories, operator_version
from ._spec import connection
from .view import BARMAN_API, ClusterView
from .waiting import read_instance_pods

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Report = dict[str, t.Any]


def report(client: KubeClient, obj: Object, *, ask_instances: bool, now: datetime.datetime) -> Report:
    """Return what a cluster, its pods and its instances say."""
    view = ClusterView.from_object(obj)
    pods = read_instance_pods(client, view) if ask_instances else None
    answers = {pod["metadata"]["name"]: ask(client, view.namespace, pod["metadata"]["name"]) for pod in pods or ()}
    health = verdict(view, pods, now=now.timestamp())
    return {
        **view.summary(),
        "health": {"level": health.level, "reasons": health.reasons},
        "members": instance_rows(view, pods, answers),
        "archiving": archiving(view, answers),
        "recovery_window": _window(client, view, now),
        "certificates": certificate_days(view, now.timestamp()),
        "synchronous": view.synchronous,
        "plugins": [{name: row.get(name) for name in ("name", "version")} for row in view.status.get("pluginStatus") or ()],
        "connection": connection(obj),
    }


def _window(client: KubeClient, view: ClusterView, now: datetime.datetime) -> dict[str, t.Any]:
    """The ObjectStore may be out of reach although the cluster is not."""
    store, error = None, None
    try:
        store = client.get(BARMAN_API, "ObjectStore", view.object_store, view.namespace) if view.object_store else None
    except KubeError as problem:
        error = str(problem)
    window = window_in(store or {}, view.server_name) if view.object_store else recovery_window(client, view)
    last = parse_time(window["last_successful"])
    return {**window, "age": round((now - last).total_seconds()) if last else None, "error": error}


def operator_report(client: KubeClient) -> dict[str, t.Any]:
    """Return the operator's version and the holes it is known for; a user of one namespace may not see its Deployment."""
    try:
        version, error = operator_version(client), None
    except KubeError as problem:
        version, error = None, str(problem)
    return {"version": version, "advisories": advisories(version), "error": error}


def requirements(require: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is really required. Zero is a requirement, and only False switches one off."""
    return {rule: value for rule, value in sorted(require.items()) if value is not None and value is not False}


def unmet(found: Report, require: t.Mapping[str, t.Any], operator: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Return the requirements that do not hold, each with the reason. What is unknown does not hold."""
    facts, name = {**found, "operator": operator}, f"{found['namespace']}/{found['name']}"
    judged = {rule: REQUIREMENTS[rule](facts, value) for rule, value in requirements(require).items()}
    return [{"requirement": rule, "cluster": name, "reason": reason} for rule, reason in judged.items() if reason]


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
    wanted = found["synchronous"].get("number", 0)
    names = [row["name"] for row in found["members"] if row["sync_state"] in ("sync", "quorum")]
    if not wanted:
        return "the cluster does not replicate synchronously"
    return f"{len(names)} replicas can confirm a transaction, and {wanted} must" if len(names) < wanted else ""


def _lag(found: Report, value: int) -> str:
    replicas = [row for row in found["members"] if not row["primary"]]
    late = [f"{row['name']} is {'an unknown number of' if row['lag_bytes'] is None else row['lag_bytes']} bytes behind" for row in replicas]
    return ", ".join(text for row, text in zip(replicas, late) if row["lag_bytes"] is None or row["lag_bytes"] > value)


def _ready(found: Report, value: int) -> str:
    return f"{found['ready_instances']} instances are ready, and {value} must be" if found["ready_instances"] < value else ""


def _restart(found: Report, _value: bool) -> str:
    waiting = [row["name"] for row in found["members"] if row["pending_restart"] is not False]
    return f"settings wait for a restart, or nobody knows, of {', '.join(waiting)}" if waiting else ""


def _advisories(found: Report, _value: bool) -> str:
    operator = found["operator"]
    return " ".join(operator["advisories"]) if operator["version"] else operator["error"] or "the version of the operator is unknown"


# Requirement to the function that says why it does not hold.
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
