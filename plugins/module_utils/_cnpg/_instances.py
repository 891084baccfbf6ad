# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the instances of a cluster say about themselves on their status port, asked through the API server."""

from __future__ import annotations

import typing as t

from .._tool.errors import ToolError
from .values import parse_lsn

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient
    from .view import ClusterView

STATUS_PORT = 8000
# Status page by name of the instance.
Answers = t.Mapping[str, t.Mapping[str, t.Any]]


def ask(client: KubeClient, namespace: str, pod: str) -> dict[str, t.Any]:
    """Return the status page of an instance, or why there is none as "error"."""
    try:
        answer = client.proxy_get(namespace, pod, STATUS_PORT, "/pg/status")
    except ToolError as problem:
        return {"error": str(problem)}
    return answer if isinstance(answer, dict) else {"error": "its status page is no mapping"}


def pending_restart(client: KubeClient, view: ClusterView) -> t.Optional[bool]:
    """Return whether settings wait for a restart of the primary; None when the primary cannot be asked."""
    return ask(client, view.namespace, view.current_primary).get("pendingRestart") if view.current_primary else None


def instance_rows(view: ClusterView, pods: t.Optional[t.Sequence[t.Mapping[str, t.Any]]], answers: Answers) -> list[dict[str, t.Any]]:
    """Return one row for each instance that the operator or a pod knows. pods is None when they were not asked for."""
    nodes = {pod["metadata"]["name"]: (pod.get("spec") or {}).get("nodeName") for pod in pods or ()}
    no_pod = None if pods is None else "it has no pod"
    primary = answers.get(view.current_primary) or {}
    synced = {row.get("applicationName"): row.get("syncState") for row in primary.get("replicationInfo") or ()}
    written = parse_lsn(primary.get("currentLsn"))
    rows = []
    for name in sorted({*view.instance_names, *nodes}):
        said = answers.get(name) or {}
        replayed = parse_lsn(said.get("replayLsn"))
        is_primary = name == view.current_primary
        rows.append(
            {
                "name": name,
                "node": nodes.get(name),
                "primary": is_primary,
                "fenced": name in view.fenced_names,
                "lsn": said.get("currentLsn") if is_primary else said.get("replayLsn"),
                "lag_bytes": max(0, written - replayed) if not is_primary and written is not None and replayed is not None else None,
                "sync_state": synced.get(name),
                "timeline": said.get("timeLineID"),
                "pending_restart": said.get("pendingRestart"),
                "error": said.get("error") if name in nodes else no_pod,
            }
        )
    return rows


def archiving(view: ClusterView, answers: Answers) -> dict[str, t.Any]:
    """Return what is known about the archive of the log: the condition, and what the primary counted."""
    condition, said = view.conditions.get("ContinuousArchiving") or {}, answers.get(view.current_primary) or {}
    return {
        "working": view.condition("ContinuousArchiving"),
        "message": condition.get("message"),
        "last_archived_wal": said.get("lastArchivedWAL"),
        "last_archived_time": said.get("lastArchivedWALTime"),
        "last_failed_wal": said.get("lastFailedWAL"),
        "last_failed_time": said.get("lastFailedWALTime"),
        "waiting_files": said.get("readyWalFiles"),
    }
