# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Where the data of a recovery come from: a Backup, the archive of a plugin or of the built-in backups, volume snapshots."""

from __future__ import annotations

import dataclasses
import typing as t

from .._backups import COMPLETED, error_of, object_store_window, phase_of
from .._view import API, BARMAN_API, BARMAN_PLUGIN, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from ..._kube.client import KubeClient

ORIGIN = "origin"
SNAPSHOT_API = "snapshot.storage.k8s.io/v1"
SNAPSHOT_END = "cnpg.io/snapshotEndTime"


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the data come from. What is not known is empty or None."""

    # What bootstrap.recovery names it by, and the entry of externalClusters that describes it.
    recovery: dict[str, t.Any]
    external: t.Optional[dict[str, t.Any]] = None
    server_name: str = ""
    backup_id: str = ""
    # The first point that can be reached, and the position in the log of it.
    first: str = ""
    first_lsn: str = ""


def resolve_source(client: KubeClient, namespace: str, source: t.Mapping[str, t.Any]) -> Source:
    """Return the source that options describe, with what the cluster knows about it."""
    if source.get("backup"):
        return _from_backup(client, namespace, source["backup"])
    found = Source({})
    if source.get("plugin"):
        found = _from_plugin(client, namespace, source["plugin"])
    elif source.get("barman_object_store"):
        store = source["barman_object_store"]
        if not store.get("serverName"):
            msg = "The option source.barman_object_store needs serverName, the name below which the source cluster archived."
            raise CnpgError(msg, error="source_incomplete")
        found = Source({"source": ORIGIN}, {"name": ORIGIN, "barmanObjectStore": dict(store)}, store["serverName"])
    if source.get("volume_snapshots"):
        found = _with_snapshots(client, namespace, source["volume_snapshots"], found)
    return found


def _from_plugin(client: KubeClient, namespace: str, plugin: t.Mapping[str, t.Any], backup_id: str = "") -> Source:
    store, server = plugin["object_store"], plugin["server_name"]
    parameters = {"barmanObjectName": store, "serverName": server}
    if plugin["name"] == BARMAN_PLUGIN and client.get(BARMAN_API, "ObjectStore", store, namespace) is None:
        msg = f"There is no ObjectStore {store} in namespace {namespace} to recover from. Create it there first."
        raise CnpgError(msg, error="not_found", object_store=store)
    window = object_store_window(client, namespace, store, server) if plugin["name"] == BARMAN_PLUGIN else {}
    external = {"name": ORIGIN, "plugin": {"name": plugin["name"], "parameters": parameters}}
    return Source({"source": ORIGIN}, external, server, backup_id, window.get("first") or "")


def _from_backup(client: KubeClient, namespace: str, name: str) -> Source:
    backup = client.get(API, "Backup", name, namespace)
    if backup is None:
        msg = f"There is no Backup {name} in namespace {namespace}. Recovery from a Backup works in its own namespace only."
        raise CnpgError(msg, error="not_found", backup=name)
    if phase_of(backup) != COMPLETED:
        msg = f"Backup {name} in namespace {namespace} cannot be recovered: its phase is {phase_of(backup)}. {error_of(backup)}".rstrip()
        raise CnpgError(msg, error="backup_unusable", phase=phase_of(backup))
    status = backup["status"]
    known: dict[str, t.Any] = {
        "first": status.get("stoppedAt") or "",
        "first_lsn": status.get("endLSN") or "",
        "backup_id": status.get("backupId") or name,
    }
    if backup["spec"].get("method") != "plugin":
        server = status.get("serverName") or backup["spec"]["cluster"]["name"]
        return Source({"backup": {"name": name}}, None, server, **known)
    # The operator cannot recover from a Backup of a plugin by its name, only from where the plugin keeps it.
    found = _from_plugin(client, namespace, _plugin_of(client, namespace, backup))
    return dataclasses.replace(found, **known)


def _plugin_of(client: KubeClient, namespace: str, backup: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return where a plugin keeps a Backup: in its own parameters, or in those of the plugin in the cluster, while that exists."""
    name, cluster = backup["metadata"]["name"], backup["spec"]["cluster"]["name"]
    plugin = backup["spec"].get("pluginConfiguration") or {}
    parameters = dict(plugin.get("parameters") or {})
    live = client.get(API, "Cluster", cluster, namespace)
    if live is not None:
        view = ClusterView.from_object(live)
        parameters = {"barmanObjectName": view.object_store, "serverName": view.server_name, **parameters}
    if not parameters.get("barmanObjectName"):
        msg = (
            f"Backup {name} in namespace {namespace} was taken by a plugin, and Cluster {cluster}, which knew where the plugin "
            "keeps it, does not exist any more. Give source.plugin with object_store and server_name, and target.backup_id, instead."
        )
        raise CnpgError(msg, error="source_incomplete", backup=name)
    return {"name": plugin["name"], "object_store": parameters["barmanObjectName"], "server_name": parameters.get("serverName") or cluster}


def _with_snapshots(client: KubeClient, namespace: str, snapshots: t.Mapping[str, t.Any], log: Source) -> Source:
    """Take the files from volume snapshots, and the log that follows from the other source, if there is one."""
    rows = {"storage": snapshots["storage"], "walStorage": snapshots.get("wal_storage")}
    volumes: dict[str, t.Any] = {field: _snapshot(name) for field, name in rows.items() if name}
    if snapshots.get("tablespace_storage"):
        volumes["tablespaceStorage"] = {space: _snapshot(name) for space, name in snapshots["tablespace_storage"].items()}
    found = client.get(SNAPSHOT_API, "VolumeSnapshot", snapshots["storage"], namespace)
    if found is None:
        msg = f"There is no VolumeSnapshot {snapshots['storage']} in namespace {namespace}."
        raise CnpgError(msg, error="not_found", volume_snapshot=snapshots["storage"])
    ended = (found["metadata"].get("annotations") or {}).get(SNAPSHOT_END) or ""
    return dataclasses.replace(log, recovery={**log.recovery, "volumeSnapshots": volumes}, first=ended, first_lsn="")


def _snapshot(name: str) -> dict[str, str]:
    return {"name": name, "kind": "VolumeSnapshot", "apiGroup": "snapshot.storage.k8s.io"}
