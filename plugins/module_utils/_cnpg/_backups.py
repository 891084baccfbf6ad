# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Base backups of a Cluster: how it is backed up, what a Backup reports, and how far back recovery reaches."""

from __future__ import annotations

import datetime
import typing as t

from .._kube.errors import KubeError
from .._tool.times import parse_time
from ._view import API, BARMAN_API, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient

COMPLETED = "completed"
RUNNING = ("started", "running", "finalizing")


# Field of the status to name in the result.
_FIELDS = {
    "backupId": "backup_id",
    "backupName": "backup_name",
    "beginWal": "begin_wal",
    "endWal": "end_wal",
    "beginLSN": "begin_lsn",
    "endLSN": "end_lsn",
    "startedAt": "started_at",
    "stoppedAt": "stopped_at",
    "serverName": "server_name",
}


def choose_method(view: ClusterView, method: str, plugin: t.Optional[str]) -> tuple[str, t.Optional[str]]:
    """Return the method and the plugin to back a cluster up with; auto is what the cluster is set up for."""
    chosen = view.backup_method if method == "auto" else method
    where = f"Cluster {view.name} in namespace {view.namespace}"
    if chosen is None:
        msg = f"{where} has neither a backup plugin nor a backup section, so there is nothing to back it up with. Set one of them first."
        raise CnpgError(msg, error="no_backup_method")
    if chosen != "plugin":
        return chosen, None
    name = plugin or view.backup_plugin
    if name not in [row["name"] for row in view.plugins]:
        have = ", ".join(row["name"] for row in view.plugins) or "none"
        msg = f"{where} does not use the plugin {name or 'for backups'}; it uses: {have}. Name one of these in the option plugin."
        raise CnpgError(msg, error="no_backup_method")
    return chosen, name


def phase_of(backup: t.Mapping[str, t.Any]) -> str:
    """Return the phase of a Backup; pending when the operator has not seen it yet."""
    return (backup.get("status") or {}).get("phase") or "pending"


def error_of(backup: t.Mapping[str, t.Any]) -> str:
    """Return what the operator and the backup program report about a failure."""
    status = backup.get("status") or {}
    reported = [str(status[key]).strip() for key in ("error", "commandError") if status.get(key)]
    return ": ".join(dict.fromkeys(reported))


def summary(backup: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a module's result shows of a Backup."""
    status = backup.get("status") or {}
    started, stopped = parse_time(status.get("startedAt")), parse_time(status.get("stoppedAt"))
    return {
        "name": backup["metadata"]["name"],
        "cluster": backup["spec"]["cluster"]["name"],
        "method": backup["spec"].get("method", "barmanObjectStore"),
        "phase": phase_of(backup),
        **{name: status.get(field) for field, name in _FIELDS.items()},
        "duration": (stopped - started).total_seconds() if started and stopped else None,
        "instance": (status.get("instanceID") or {}).get("podName"),
        "snapshots": [row["name"] for row in (status.get("snapshotBackupStatus") or {}).get("elements") or ()],
        "error": error_of(backup),
    }


def backups_of(client: KubeClient, view: ClusterView) -> list[dict[str, t.Any]]:
    """Return the Backups of a cluster. Only those that this collection or a schedule made carry a label."""
    rows = client.list(API, "Backup", view.namespace)
    return [row for row in rows if row["spec"]["cluster"]["name"] == view.name]


def running(backups: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return the names of the backups that are being taken."""
    return sorted(row["metadata"]["name"] for row in backups if phase_of(row) in RUNNING)


def newest_completed(backups: t.Iterable[dict[str, t.Any]]) -> t.Optional[dict[str, t.Any]]:
    """Return the completed backup that stopped last."""
    done = [row for row in backups if phase_of(row) == COMPLETED and parse_time(row["status"].get("stoppedAt"))]
    return max(done, key=lambda row: str(row["status"]["stoppedAt"]), default=None)


def age_of(backup: t.Mapping[str, t.Any], now: datetime.datetime) -> float:
    """Return how many seconds ago a completed backup stopped."""
    stopped = parse_time(backup["status"]["stoppedAt"])
    return (now - stopped).total_seconds() if stopped else float("inf")


def recovery_window(client: KubeClient, view: ClusterView) -> dict[str, t.Optional[str]]:
    """Return how far back a cluster can be recovered, and its last good and last failed backup; None for what is unknown.

    The plugin writes this into its ObjectStore; only the backups that are built into CloudNativePG are in the cluster's status.
    """
    if view.object_store:
        return object_store_window(client, view.namespace, view.object_store, view.server_name)
    return {
        "first": view.status.get("firstRecoverabilityPoint"),
        "last_successful": view.status.get("lastSuccessfulBackup"),
        "last_failed": view.status.get("lastFailedBackup"),
    }


def object_store_window(client: KubeClient, namespace: str, store: str, server_name: str) -> dict[str, t.Optional[str]]:
    """Return how far back one server in an ObjectStore can be recovered. One that cannot be read is no failure."""
    try:
        found = client.get(BARMAN_API, "ObjectStore", store, namespace) or {}
    except KubeError:
        found = {}
    return window_in(found, server_name)


def window_in(store: t.Mapping[str, t.Any], server_name: str) -> dict[str, t.Optional[str]]:
    """Return how far back one server can be recovered, from an ObjectStore that was read."""
    row = ((store.get("status") or {}).get("serverRecoveryWindow") or {}).get(server_name) or {}
    names = {"first": "firstRecoverabilityPoint", "last_successful": "lastSuccessfulBackupTime", "last_failed": "lastFailedBackupTime"}
    return {name: row.get(field) for name, field in names.items()}
