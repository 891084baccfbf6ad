# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Taking a base backup, and deleting a Backup."""

from __future__ import annotations

import datetime
import typing as t

from .._kube.ready import Verdict
from .._kube.wait import Ref, ref_of
from .._tool.times import now, parse_age
from ._backups import (
    COMPLETED,
    RUNNING,
    age_of,
    backups_of,
    choose_method,
    error_of,
    newest_completed,
    phase_of,
    recovery_window,
    running,
    summary,
)
from ._objects import ACTION_ARGUMENTS, Params, await_gone, await_object, confirm, refuse_other, require_cluster
from ._view import API, LABEL_CLUSTER, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

ARGUMENTS: dict[str, t.Any] = {
    **ACTION_ARGUMENTS,
    "state": {"type": "str", "choices": ["taken", "absent"], "default": "taken"},
    "name": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "max_age": {"type": "str"},
    "method": {"type": "str", "choices": ["auto", "plugin", "barmanObjectStore", "volumeSnapshot"], "default": "auto"},
    "plugin": {"type": "str"},
    "plugin_parameters": {"type": "dict"},
    "target": {"type": "str", "choices": ["primary", "prefer-standby"]},
    "online": {"type": "bool"},
    "confirm_delete": {"type": "str"},
}
RULES: dict[str, t.Any] = {
    "mutually_exclusive": [("name", "key", "max_age")],
    "required_if": [("state", "absent", ("name", "key"), True)],
}


class Failure(t.NamedTuple):
    """A phase that ends a backup without a backup: its word in results, and what to do about it."""

    key: str
    advice: str


FAILURES = {
    "failed": Failure("backup_failed", "The log of the instance that took it has more."),
    "walArchivingFailing": Failure("archiving_failing", "The instance cannot archive its log. Repair that first."),
    "invalid backup definition": Failure("invalid_backup", "Check method, plugin and the cluster's backup section."),
}


def run(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Take or delete a backup and return the result of the module."""
    return {"taken": take, "absent": forget}[params["state"]](client, params, check_mode=check_mode)


def take(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Find the backup that is requested or create it, and wait until it is complete."""
    view = ClusterView.from_object(require_cluster(client, params["cluster"], params["namespace"]))
    fixed = fixed_name(view.name, params["name"], params["key"])
    desired = describe_backup(view, fixed or generated_name(view.name, now()), params)
    found = client.get(API, "Backup", fixed, view.namespace) if fixed else recent_backup(client, view, params["max_age"])
    if found is not None and fixed:
        because = "A Backup cannot be changed, so choose another name or key."
        refuse_other(found, desired["spec"], found["spec"], because=because)
    usable = found if found is not None and phase_of(found) not in FAILURES else None
    if usable is None:
        refuse_hibernated(view)
    backup = usable or create(client, desired, failed=found, timeout=params["wait_timeout"], check_mode=check_mode)
    if params["wait"] and not check_mode and phase_of(backup) != COMPLETED:
        backup = await_backup(client, view, backup, timeout=params["wait_timeout"], changed=usable is None)
    shown = {"name": fixed or "(named by the time)", "spec": desired["spec"]}
    before = {**shown, "phase": phase_of(found)} if found and fixed else {}
    unchanged = summary(usable) if usable else {}
    return {
        "changed": usable is None,
        "backup": summary(backup),
        "recovery_window": recovery_window(client, view),
        "diff": {"before": unchanged or before, "after": unchanged or {**shown, "phase": "taken"}},
    }


def forget(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Delete a Backup object."""
    name = fixed_name(params["cluster"], params["name"], params["key"]) or ""
    found = client.get(API, "Backup", name, params["namespace"])
    if found is None:
        return {"changed": False, "diff": {"before": {}, "after": {}}}
    if found["spec"]["cluster"]["name"] != params["cluster"]:
        msg = (
            f"Backup {name} in namespace {params['namespace']} is one of Cluster {found['spec']['cluster']['name']}, so it was left alone."
        )
        raise CnpgError(msg, error="exists")
    confirm(params["confirm_delete"], name, f"Backup {name} in namespace {params['namespace']} would be deleted.")
    client.delete(API, "Backup", name, params["namespace"], uid=found["metadata"]["uid"], dry_run=check_mode)
    if params["wait"] and not check_mode:
        await_gone(client, [ref_of(found)], timeout=params["wait_timeout"], changed=True)
    return {"changed": True, "diff": {"before": summary(found), "after": {}}}


def describe_backup(view: ClusterView, name: str, params: Params) -> Object:
    """Return the Backup that the options describe."""
    method, plugin = choose_method(view, params["method"], params["plugin"])
    if params["online"] is not None and method != "volumeSnapshot":
        msg = f"The option online is for volume snapshots, and Cluster {view.name} is backed up by {method}. Leave it out."
        raise CnpgError(msg, error="invalid")
    options = {option: params[option] for option in ("plugin_parameters", "target", "online")}
    return backup_object(view, name, method=method, plugin=plugin, **options)


def recent_backup(client: KubeClient, view: ClusterView, max_age: t.Optional[str]) -> t.Optional[Object]:
    """Return a backup that makes a new one needless: a young one, or one that is being taken."""
    if max_age is None:
        return None
    seconds, rows = parse_age(max_age, "max_age"), backups_of(client, view)
    newest = newest_completed(rows)
    if newest is not None and age_of(newest, now()) <= seconds:
        return newest
    return next((row for row in rows if phase_of(row) in RUNNING), None)


def refuse_hibernated(view: ClusterView) -> None:
    """Refuse a backup of a cluster without an instance that could be read."""
    if view.hibernation == "on":
        msg = f"Cluster {view.name} in namespace {view.namespace} is hibernated, so it cannot be backed up. Wake it first."
        raise CnpgError(msg, error="hibernated")


def create(client: KubeClient, desired: Object, *, failed: t.Optional[Object], timeout: float, check_mode: bool) -> Object:
    """Create a Backup, in place of a failed one of that name."""
    if failed is not None:
        ref = ref_of(failed)
        client.delete(*ref, uid=failed["metadata"]["uid"], dry_run=check_mode)
        if check_mode:
            # The name is not free, so the API server could not check the new one.
            return desired
        await_gone(client, [ref], timeout=timeout, changed=True)
    return client.create(desired, dry_run=check_mode)


def await_backup(client: KubeClient, view: ClusterView, backup: Object, *, timeout: float, changed: bool) -> Object:
    """Wait for a backup and return it as it ended."""
    ref = Ref(API, "Backup", backup["metadata"]["name"], view.namespace)
    sentence = f"Backup {ref.name} of Cluster {view.name} in namespace {view.namespace} is not complete"
    try:
        return await_object(client, ref, check_backup, sentence, timeout=timeout, changed=changed)
    except CnpgError as error:
        raise explain(client, view, client.get(*ref), error) from None


def explain(client: KubeClient, view: ClusterView, backup: t.Optional[Object], error: CnpgError) -> CnpgError:
    """Return the error with the kind of the failure, and with what to do."""
    failure = FAILURES.get(phase_of(backup)) if backup else None
    others = [name for name in running(backups_of(client, view)) if backup and name != backup["metadata"]["name"]]
    advice = failure.advice if failure else f"It waits for: {', '.join(others)}." if others else "The operator continues with it."
    found = {"backup": summary(backup)} if backup else {}
    return CnpgError(f"{error} {advice}", **{**error.details, **found, **({"error": failure.key} if failure else {})})


def check_backup(obj: t.Optional[Object]) -> Verdict:
    """Check a Backup that is waited for. One that the operator has not seen yet has no phase."""
    if obj is None:
        return Verdict("failed", "It was deleted meanwhile.")
    phase = phase_of(obj)
    if phase in FAILURES:
        return Verdict("failed", error_of(obj) or "The operator gives no reason.")
    return Verdict("done" if phase == COMPLETED else "waiting", f"Its phase is {phase}.")


def generated_name(cluster: str, now: datetime.datetime) -> str:
    """Return the name that the command line tool of CloudNativePG would choose."""
    return f"{cluster}-{now:%Y%m%d%H%M%S}"


def fixed_name(cluster: str, name: t.Optional[str], key: t.Optional[str]) -> t.Optional[str]:
    """Return the name that options fix; None when each run takes a backup of its own."""
    return name or (f"{cluster}-{key}" if key else None)


def backup_object(
    view: ClusterView,
    name: str,
    *,
    method: str,
    plugin: t.Optional[str] = None,
    plugin_parameters: t.Optional[t.Mapping[str, str]] = None,
    target: t.Optional[str] = None,
    online: t.Optional[bool] = None,
) -> dict[str, t.Any]:
    """Return the Backup to create."""
    spec: dict[str, t.Any] = {"cluster": {"name": view.name}, "method": method}
    if plugin:
        spec["pluginConfiguration"] = {"name": plugin, **({"parameters": dict(plugin_parameters)} if plugin_parameters else {})}
    if target:
        spec["target"] = target
    if online is not None:
        spec["online"] = online
    metadata = {"name": name, "namespace": view.namespace, "labels": {LABEL_CLUSTER: view.name}}
    return {"apiVersion": API, "kind": "Backup", "metadata": metadata, "spec": spec}
