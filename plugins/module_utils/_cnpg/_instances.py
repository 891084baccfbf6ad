# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What the instances of a cluster report: on their status page, which the API server passes on, and by SQL."""

from __future__ import annotations

import typing as t

from .._tool.errors import ToolError
from ._view import parse_lsn

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient
    from ._view import ClusterView

STATUS_PORT = 8000
# Status page by name of the instance.
Pages = t.Mapping[str, t.Mapping[str, t.Any]]
CONTAINER = "postgres"
# The statement comes on standard input, so that it needs no quoting and is not part of a command.
PSQL = ["psql", "-U", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d"]
LONGEST_ANSWER = 500


def read_status(client: KubeClient, namespace: str, pod: str) -> dict[str, t.Any]:
    """Return the status page of an instance, or why there is none as "error"."""
    try:
        page = client.proxy_get(namespace, pod, STATUS_PORT, "/pg/status")
    except ToolError as error:
        return {"error": str(error)}
    return page if isinstance(page, dict) else {"error": "its status page is not a mapping"}


def query(client: KubeClient, view: ClusterView, sql: str, database: str, *, timeout: float) -> tuple[str, str]:
    """Return what a statement yields in the primary, and the error when it fails."""
    result = client.exec(view.namespace, view.current_primary, [*PSQL, database], container=CONTAINER, stdin=sql, timeout=timeout)
    error = "" if result.rc == 0 else result.err.strip() or f"exit status {result.rc}"
    return result.out.strip()[:LONGEST_ANSWER], error[:LONGEST_ANSWER]


def pending_restart(client: KubeClient, view: ClusterView) -> t.Optional[bool]:
    """Return whether settings wait for a restart of the primary; None when the primary does not answer."""
    return read_status(client, view.namespace, view.current_primary).get("pendingRestart") if view.current_primary else None


def instance_rows(view: ClusterView, pods: t.Optional[t.Sequence[t.Mapping[str, t.Any]]], pages: Pages) -> list[dict[str, t.Any]]:
    """Return one row for each instance that the operator or a pod knows. pods is None when they were not read."""
    nodes = {pod["metadata"]["name"]: (pod.get("spec") or {}).get("nodeName") for pod in pods or ()}
    no_pod = None if pods is None else "it has no pod"
    primary = pages.get(view.current_primary) or {}
    synced = {row.get("applicationName"): row.get("syncState") for row in primary.get("replicationInfo") or ()}
    written = parse_lsn(primary.get("currentLsn"))
    rows = []
    for name in sorted({*view.instance_names, *nodes}):
        page = pages.get(name) or {}
        replayed = parse_lsn(page.get("replayLsn"))
        is_primary = name == view.current_primary
        rows.append(
            {
                "name": name,
                "node": nodes.get(name),
                "primary": is_primary,
                "fenced": name in view.fenced_names,
                "lsn": page.get("currentLsn") if is_primary else page.get("replayLsn"),
                "lag_bytes": max(0, written - replayed) if not is_primary and written is not None and replayed is not None else None,
                "sync_state": synced.get(name),
                "timeline": page.get("timeLineID"),
                "pending_restart": page.get("pendingRestart"),
                "error": page.get("error") if name in nodes else no_pod,
            }
        )
    return rows


def archiving(view: ClusterView, pages: Pages) -> dict[str, t.Any]:
    """Return what is known about the archive of the log: the condition, and what the primary counted."""
    condition, page = view.conditions.get("ContinuousArchiving") or {}, pages.get(view.current_primary) or {}
    return {
        "working": view.condition("ContinuousArchiving"),
        "message": condition.get("message"),
        "last_archived_wal": page.get("lastArchivedWAL"),
        "last_archived_time": page.get("lastArchivedWALTime"),
        "last_failed_wal": page.get("lastFailedWAL"),
        "last_failed_time": page.get("lastFailedWALTime"),
        "waiting_files": page.get("readyWalFiles"),
    }
