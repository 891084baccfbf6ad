# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The Cluster that requests a recovery.

A base backup is always recovered into a new cluster, and that one must archive its log under a name of its own: below the
name of the source it would mix two histories, of which neither could be recovered afterwards.
"""

from __future__ import annotations

import copy
import typing as t

from ansible.module_utils.common.dict_transformations import dict_merge

from .._view import API, BARMAN_API, BARMAN_PLUGIN, ClusterView, CnpgError
from .source import Source

if t.TYPE_CHECKING:
    from ..._kube.client import KubeClient

# What a cluster that is made like another one takes over: how it runs, not where its data and its names come from.
LIKE = (
    "affinity",
    "backup",
    "enableSuperuserAccess",
    "env",
    "envFrom",
    "imageCatalogRef",
    "imageName",
    "imagePullPolicy",
    "imagePullSecrets",
    "inheritedMetadata",
    "instances",
    "plugins",
    "postgresGID",
    "postgresUID",
    "postgresql",
    "priorityClassName",
    "resources",
    "storage",
    "superuserSecret",
    "tablespaces",
    "topologySpreadConstraints",
    "walStorage",
)


def base_spec(spec: t.Mapping[str, t.Any], like: t.Optional[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """Return the specification without where the data come from. What is given beats what another cluster has."""
    mine = (like or {}).get("spec") or {}
    taken = {name: copy.deepcopy(mine[name]) for name in LIKE if name in mine}
    for slot in _archives(taken):
        slot.pop("serverName", None)
    for name in ("bootstrap", "externalClusters", "replica"):
        if name in spec:
            msg = f"The option spec must not have {name}: where the data come from is described in source and target."
            raise CnpgError(msg, error="invalid_spec", field=name)
    return dict(dict_merge(taken, dict(spec)))


def for_drill(spec: t.Mapping[str, t.Any], labels: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return a specification for a cluster that is examined and thrown away: one instance that writes nowhere, labels on its volumes."""
    kept = {name: value for name, value in spec.items() if name not in ("backup", "plugins", "minSyncReplicas", "maxSyncReplicas")}
    postgresql = {name: value for name, value in (spec.get("postgresql") or {}).items() if name != "synchronous"}
    inherited = dict_merge(spec.get("inheritedMetadata") or {}, {"labels": dict(labels)})
    return {**kept, **({"postgresql": postgresql} if postgresql else {}), "inheritedMetadata": inherited, "instances": 1}


def _archives(spec: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the mappings in a specification that hold the name below which the cluster archives. They may be changed."""
    plugins = [row for row in spec.get("plugins") or () if row.get("isWALArchiver") or row.get("name") == BARMAN_PLUGIN]
    slots = [row.setdefault("parameters", {}) for row in plugins]
    in_tree = (spec.get("backup") or {}).get("barmanObjectStore")
    return [*slots, *([in_tree] if in_tree is not None else [])]


def taken_names(client: KubeClient, namespace: str, name: str, spec: t.Mapping[str, t.Any], source: Source) -> set[str]:
    """Return the names below which this cluster must not archive: the source's, other clusters', and those in its ObjectStore."""
    views = [ClusterView.from_object(row) for row in client.list(API, "Cluster", namespace)]
    taken = {source.server_name, *(view.server_name for view in views if view.name != name and view.backup_method)}
    for slot in _archives(spec):
        store = client.get(BARMAN_API, "ObjectStore", slot["barmanObjectName"], namespace) if slot.get("barmanObjectName") else None
        taken |= set(((store or {}).get("status") or {}).get("serverRecoveryWindow") or {})
    return taken - {""}


def name_archive(spec: t.Mapping[str, t.Any], name: str, requested: t.Optional[str], taken: t.Collection[str]) -> t.Optional[str]:
    """Give the new cluster a name of its own in the archive, and return it; None when it does not archive."""
    slots = _archives(spec)
    if not slots:
        return None
    given = requested or next((slot["serverName"] for slot in slots if slot.get("serverName")), None)
    if given in taken:
        msg = (
            f"The new cluster would archive its log below the name {given}, which is in use, and mix its history with the one there. "
            "Choose another archive_server_name, or leave it out."
        )
        raise CnpgError(msg, error="server_name_taken", server_name=given, taken=sorted(taken))
    chosen = given or fresh_name(name, taken)
    for slot in slots:
        slot["serverName"] = chosen
    return chosen


def archive_name(obj: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """Return the name below which an existing cluster archives; None when it does not archive."""
    return ClusterView.from_object(obj).server_name if _archives(copy.deepcopy(obj["spec"])) else None


def fresh_name(name: str, taken: t.Collection[str]) -> str:
    """Return a name that is not taken: the cluster's own, or that with a number."""
    number, fresh = 1, name
    while fresh in taken:
        number += 1
        fresh = f"{name}-{number}"
    return fresh


def restore_object(
    name: str,
    namespace: str,
    spec: t.Mapping[str, t.Any],
    source: Source,
    target: t.Mapping[str, t.Any],
    application: t.Mapping[str, t.Any],
    labels: t.Mapping[str, str],
) -> dict[str, t.Any]:
    """Return the Cluster to create."""
    recovery = {**source.recovery, **application, **({"recoveryTarget": dict(target)} if target else {})}
    external: dict[str, t.Any] = {"externalClusters": [source.external]} if source.external else {}
    metadata = {"name": name, "namespace": namespace, **({"labels": dict(labels)} if labels else {})}
    return {"apiVersion": API, "kind": "Cluster", "metadata": metadata, "spec": {**spec, "bootstrap": {"recovery": recovery}, **external}}


def origin_of(obj: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what distinguishes one restore from another, without defaults that the API server adds."""
    spec = obj["spec"]
    recovery = (spec.get("bootstrap") or {}).get("recovery") or {}
    external: dict[str, t.Any] = next((row for row in spec.get("externalClusters") or () if row["name"] == recovery.get("source")), {})
    plugin = external.get("plugin") or {}
    return {
        "backup": (recovery.get("backup") or {}).get("name"),
        "source": plugin.get("parameters") or external.get("barmanObjectStore"),
        "volumeSnapshots": recovery.get("volumeSnapshots"),
        "recoveryTarget": recovery.get("recoveryTarget") or {},
    }
