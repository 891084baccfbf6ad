# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Taking a base backup, and deleting a Backup. Each returns the result of the module."""

from __future__ import annotations

import typing as t

from .._kube.ready import gone
from .._kube.wait import Ref, ref_of
from .._tool.times import now, parse_age
from ._backup import (
    COMPLETED,
    FAILURES,
    RUNNING,
    age_of,
    backup_object,
    backups_of,
    choose_method,
    chosen_name,
    generated_name,
    judge,
    newest_completed,
    phase_of,
    recovery_window,
    refuse_other,
    running,
    summary,
)
from .change import await_object, require_cluster
from .objects import confirm
from .view import API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

Params = t.Mapping[str, t.Any]


def take(client: KubeClient, params: Params, *, check_mode: bool) -> dict[str, t.Any]:
    """Find the backup that is asked for or create it, and wait until it is complete."""
    view = ClusterView.from_object(require_cluster(client, params["cluster"], params["namespace"]))
    fixed = chosen_name(view.name, params["name"], params["key"])
    wanted = wanted_backup(view, fixed or generated_name(view.name, now()), params)
    found = client.get(API, "Backup", fixed, view.namespace) if fixed else recent_backup(client, view, params["max_age"])
    if found is not None and fixed:
        refuse_other(found, wanted)
    usable = found if found is not None and phase_of(found) not in FAILURES else None
    if usable is None:
        refuse_hibernated(view)
    backup = usable or create(client, wanted, failed=found, timeout=params["wait_timeout"], check_mode=check_mode)
    if params["wait"] and not check_mode and phase_of(backup) != COMPLETED:
        backup = await_backup(client, view, backup, timeout=params["wait_timeout"], changed=usable is None)
    shown = {"name": fixed or "(named by the time)", "spec": wanted["spec"]}
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
    name = chosen_name(params["cluster"], params["name"], params["key"]) or ""
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
        sentence = f"Backup {name} in namespace {params['namespace']} is not gone"
        await_object(client, ref_of(found), gone, sentence, timeout=params["wait_timeout"], changed=True)
    return {"changed": True, "diff": {"before": summary(found), "after": {}}}


def wanted_backup(view: ClusterView, name: str, params: Params) -> Object:
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
    """There is no instance that could be read."""
    if view.hibernation == "on":
        msg = f"Cluster {view.name} in namespace {view.namespace} is hibernated, so it cannot be backed up. Wake it first."
        raise CnpgError(msg, error="hibernated")


def create(client: KubeClient, wanted: Object, *, failed: t.Optional[Object], timeout: float, check_mode: bool) -> Object:
    """Create a Backup, in place of a failed one of that name."""
    if failed is not None:
        ref = ref_of(failed)
        client.delete(*ref, uid=failed["metadata"]["uid"], dry_run=check_mode)
        if check_mode:
            # The name is not free, so the API server could not judge the new one.
            return wanted
        await_object(
            client, ref, gone, f"The failed Backup {ref.name} in namespace {ref.namespace} is not gone", timeout=timeout, changed=True
        )
    return client.create(wanted, dry_run=check_mode)


def await_backup(client: KubeClient, view: ClusterView, backup: Object, *, timeout: float, changed: bool) -> Object:
    """Wait for a backup and return it as it ended."""
    ref = Ref(API, "Backup", backup["metadata"]["name"], view.namespace)
    sentence = f"Backup {ref.name} of Cluster {view.name} in namespace {view.namespace} is not complete"
    try:
        return await_object(client, ref, judge, sentence, timeout=timeout, changed=changed)
    except CnpgError as problem:
        raise explain(client, view, client.get(*ref), problem) from None


def explain(client: KubeClient, view: ClusterView, backup: t.Optional[Object], problem: CnpgError) -> CnpgError:
    """Say what kind of failure it is, and what to do."""
    failure = FAILURES.get(phase_of(backup)) if backup else None
    others = [name for name in running(backups_of(client, view)) if backup and name != backup["metadata"]["name"]]
    advice = failure.advice if failure else f"It waits for: {', '.join(others)}." if others else "The operator goes on with it."
    found = {"backup": summary(backup)} if backup else {}
    return CnpgError(f"{problem} {advice}", **{**problem.details, **found, **({"error": failure.key} if failure else {})})
