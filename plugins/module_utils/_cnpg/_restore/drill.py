# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a restore drill does with the recovered Cluster: query its databases, measure, and remove it with its volumes."""

from __future__ import annotations

import datetime
import time
import typing as t

from ..._kube.wait import Ref
from ..._tool.times import parse_time
from .._instances import query, read_status
from .._objects import await_gone
from .._view import API, LABEL_CLUSTER, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from ..._kube.client import KubeClient

LABEL_DRILL = "campus.moodle/drill"
LABELS = {LABEL_DRILL: "true"}


def is_drill(obj: t.Mapping[str, t.Any]) -> bool:
    """Whether a Cluster was made by a drill, and so may be thrown away."""
    return (obj["metadata"].get("labels") or {}).get(LABEL_DRILL) == "true"


def check_assertions(
    client: KubeClient, view: ClusterView, rows: t.Sequence[t.Mapping[str, t.Any]], *, timeout: float
) -> list[dict[str, t.Any]]:
    """Run each assertion and return how it went."""
    answers = []
    for row in rows:
        answer, error = query(client, view, row["sql"], row["database"], timeout=timeout)
        holds = not error and answer == row["expect"]
        answers.append({"sql": row["sql"], "database": row["database"], "answer": answer, "error": error, "holds": holds})
    return answers


def seconds_lost(newest: str, until: datetime.datetime) -> float:
    """Return how many seconds before a point the newest data are from, as text of a time or of Unix seconds."""
    moment = parse_time(newest)
    try:
        seconds = moment.timestamp() if moment else float(newest)
    except ValueError:
        msg = f"The rpo_query answered {newest!r}, and it must answer one time, or one number of seconds since 1970."
        raise CnpgError(msg, error="invalid_rpo_query") from None
    return max(0.0, round(until.timestamp() - seconds, 1))


def last_archived(client: KubeClient, view: ClusterView) -> str:
    """Return when a running cluster archived its log last; empty when that is not known."""
    status = read_status(client, view.namespace, view.current_primary) if view.current_primary else {}
    return str(status.get("lastArchivedWALTime") or "")


def remove(client: KubeClient, name: str, namespace: str, *, timeout: float) -> bool:
    """Delete the Cluster of a drill with its volumes and wait until they are gone; False: there was nothing.

    Volumes without the label of a drill stay: they may have been kept on purpose when another cluster of that name was deleted.
    """
    deadline = time.monotonic() + timeout
    cluster = client.get(API, "Cluster", name, namespace)
    if cluster:
        ref = Ref(API, "Cluster", name, namespace)
        client.delete(*ref, uid=cluster["metadata"]["uid"])
        _await_gone(client, [ref], deadline)
    # Only now: while the Cluster is there the operator makes missing volumes anew.
    labels = f"{LABEL_CLUSTER}={name},{LABEL_DRILL}=true"
    claims = client.list("v1", "PersistentVolumeClaim", namespace, labels=labels, metadata_only=True)
    volumes = [Ref("v1", "PersistentVolumeClaim", row["metadata"]["name"], namespace) for row in claims]
    for ref in volumes:
        client.delete(*ref)
    _await_gone(client, volumes, deadline)
    return bool(cluster or volumes)


def _await_gone(client: KubeClient, refs: t.Sequence[Ref], deadline: float) -> None:
    await_gone(client, refs, timeout=deadline - time.monotonic(), error="cleanup")
