# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Bringing a ScheduledBackup into a state. The operator's schedules have six fields, those of all other programs five."""

from __future__ import annotations

import re
import typing as t

from ._backups import choose_method
from ._objects import PLAIN_ARGUMENTS, Params, Task, Warn, diff_of, exists
from ._view import API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ARGUMENTS: dict[str, t.Any] = {
    **PLAIN_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent", "suspended"], "default": "present"},
    "schedule": {"type": "str"},
    "method": {"type": "str", "choices": ["auto", "plugin", "barmanObjectStore", "volumeSnapshot"], "default": "auto"},
    "plugin": {"type": "str"},
    "plugin_parameters": {"type": "dict"},
    "immediate": {"type": "bool"},
    "target": {"type": "str", "choices": ["primary", "prefer-standby"]},
    "online": {"type": "bool"},
    "owner_reference": {"type": "str", "choices": ["none", "self", "cluster"], "default": "none"},
}
RULES: dict[str, t.Any] = {"required_if": [("state", state, ("cluster", "schedule")) for state in ("present", "suspended")]}
DESCRIPTOR = re.compile(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \w+)")


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Bring the schedule into its state and return the result of the module."""
    task = Task(client, params, check_mode=check_mode, warn=warn)
    name, namespace = params["name"], params["namespace"]
    if params["state"] == "absent":
        change = task.remove(client.get(API, "ScheduledBackup", name, namespace))
        return {"changed": change.verb != "unchanged", "diff": diff_of(change)}
    schedule, converted = parse_schedule(params["schedule"] or "")
    if converted:
        warn(f"The schedule {params['schedule']!r} has no field for seconds; {schedule!r} is used.")
    cluster = task.planned_cluster(params["cluster"], namespace)
    desired = build_schedule(params, ClusterView.from_object(cluster), schedule, known=exists(cluster))
    change = task.plan(desired)
    written = task.carry_out(desired, change)
    status = (written or client.get(API, "ScheduledBackup", name, namespace) or {}).get("status") or {}
    return {
        "changed": change.verb != "unchanged",
        "diff": diff_of(change),
        "schedule": schedule,
        "method": desired["spec"].get("method"),
        "next_schedule_time": status.get("nextScheduleTime"),
        "last_schedule_time": status.get("lastScheduleTime"),
    }


def parse_schedule(text: str) -> tuple[str, bool]:
    """Return a schedule of six fields, and whether the second 0 was put in front of five. Any other number is refused.

    What the fields contain is checked by the operator's webhook, also in the dry run that every change begins with.
    """
    words = text.split()
    if len(words) == 6 or DESCRIPTOR.fullmatch(" ".join(words)):
        return " ".join(words), False
    if len(words) != 5:
        msg = (
            f"The schedule {text!r} has {len(words)} fields. Give six: second, minute, hour, day of month, month and day of week, "
            "such as '0 0 2 * * *' for two o'clock each night; or five without the second."
        )
        raise CnpgError(msg, error="invalid", field="schedule")
    return " ".join(["0", *words]), True


def build_schedule(params: Params, view: ClusterView, schedule: str, *, known: bool = True) -> Object:
    """Return the ScheduledBackup to apply. Without a known cluster it has the method only if one was given."""
    method, plugin = choose_method(view, params["method"], params.get("plugin")) if known else _given_method(params)
    spec: dict[str, t.Any] = {
        "cluster": {"name": view.name},
        "schedule": schedule,
        "suspend": params["state"] == "suspended",
        **({"method": method} if method else {}),
        "backupOwnerReference": params["owner_reference"],
    }
    if plugin:
        parameters = params.get("plugin_parameters")
        spec["pluginConfiguration"] = {"name": plugin, **({"parameters": parameters} if parameters else {})}
    spec.update({name: params[name] for name in ("immediate", "target", "online") if params.get(name) is not None})
    metadata = {"name": params["name"], "namespace": view.namespace}
    return {"apiVersion": API, "kind": "ScheduledBackup", "metadata": metadata, "spec": spec}


def _given_method(params: Params) -> tuple[t.Optional[str], t.Optional[str]]:
    return None if params["method"] == "auto" else params["method"], params.get("plugin")
