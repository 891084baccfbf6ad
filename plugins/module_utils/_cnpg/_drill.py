# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a restore drill does with the recovered Cluster: ask its databases, measure, and remove it with its volumes."""

from __future__ import annotations

import datetime
import time
import typing as t

from .._kube.ready import gone
from .._kube.wait import Ref
from .._tool.times import parse_time
from ._instances import ask as instance_status
from .change import await_object
from .view import API, LABEL_CLUSTER, ClusterView, CnpgError

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient

LABEL_DRILL = "campus.moodle/drill"
LABELS = {LABEL_DRILL: "true"}
CONTAINER = "postgres"
# The statement comes on standard input, so that it needs no quoting and is not part of a command.
PSQL = ["psql", "-U", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d"]
LONGEST_ANSWER = 500


def is_drill(obj: t.Mapping[str, t.Any]) -> bool:
    """Whether a Cluster was made by a drill, and so may be thrown away."""
    return (obj["metadata"].get("labels") or {}).get(LABEL_DRILL) == "true"


def ask(client: KubeClient, view: ClusterView, sql: str, database: str, *, timeout: float) -> tuple[str, str]:
    """Return what a statement answers in the primary, and the error when it fails."""
    result = client.exec(view.namespace, view.current_primary, [*PSQL, database], container=CONTAINER, stdin=sql, timeout=timeout)
    error = "" if result.rc == 0 else result.err.strip() or f"exit status {result.rc}"
    return result.out.strip()[:LONGEST_ANSWER], error[:LONGEST_ANSWER]


def check_assertions(
    client: KubeClient, view: ClusterView, rows: t.Sequence[t.Mapping[str, t.Any]], *, timeout: float
) -> list[dict[str, t.Any]]:
    """Run each assertion and return how it went."""
    answers = []
    for row in rows:
        answer, error = ask(client, view, row["sql"], row["database"], timeout=timeout)
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
    """Return when a running cluster archived its log last; empty when nobody says so."""
    status = instance_status(client, view.namespace, view.current_primary) if view.current_primary else {}
    return str(status.get("lastArchivedWALTime") or "")


def remove(client: KubeClient, name: str, namespace: str, *, timeout: float) -> bool:
    """Delete the Cluster of a drill with its volumes and wait until they are gone; False: there was nothing.

    Volumes without the label of a drill stay: somebody may have kept them when another cluster of that name was deleted.
    """
    deadline = time.monotonic() + timeout
    cluster = client.get(API, "Cluster", name, namespace)
    if cluster:
        ref = Ref(API, "Cluster", name, namespace)
        client.delete(*ref, uid=cluster["metadata"]["uid"])
        _await_end(client, ref, deadline)
    # Only now: while the Cluster is there the operator makes missing volumes anew.
    labels = f"{LABEL_CLUSTER}={name},{LABEL_DRILL}=true"
    claims = client.list("v1", "PersistentVolumeClaim", namespace, labels=labels, metadata_only=True)
    volumes = [Ref("v1", "PersistentVolumeClaim", row["metadata"]["name"], namespace) for row in claims]
    for ref in volumes:
        client.delete(*ref)
    for ref in volumes:
        _await_end(client, ref, deadline)
    return bool(cluster or volumes)


def _await_end(client: KubeClient, ref: Ref, deadline: float) -> None:
    left = max(0.0, deadline - time.monotonic())
    await_object(client, ref, gone, f"{ref} of the restore drill is not gone", timeout=left, error="cleanup")
