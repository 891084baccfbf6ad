# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Objects that an instance carries out in PostgreSQL: the Database that options ask for, and whether it is there."""

from __future__ import annotations

import re
import time
import typing as t

from .._kube.errors import KubeError
from .._kube.ready import Verdict
from ._drill import ask
from ._spec import merge
from .view import API, ClusterView
from .waiting import Clock, Patience, Trouble

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient

# An instance tries again after 30 seconds; what failed then as well does not heal.
APPLY_PATIENCE = 40.0
RECLAIM_DELETE = "delete"
QUESTION_SECONDS = 30.0


def object_name(cluster: str, name: str) -> str:
    """Return the name of the object for a database or role, whose own name may have letters that Kubernetes does not allow."""
    return re.sub(r"[^a-z0-9]+", "-", f"{cluster}-{name}".lower()).strip("-")[:253]


def build_database(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the Database to apply."""
    spec: dict[str, t.Any] = {
        "cluster": {"name": params["cluster"]},
        "name": params["name"],
        "owner": params["owner"],
        "ensure": "present",
    }
    if params.get("reclaim_policy"):
        spec["databaseReclaimPolicy"] = params["reclaim_policy"]
    for part in ("extensions", "schemas"):
        if params.get(part) is not None:
            spec[part] = [_part(row) for row in params[part]]
    merge(spec, params.get("spec") or {}, "spec")
    name = params.get("resource_name") or object_name(params["cluster"], params["name"])
    return {"apiVersion": API, "kind": "Database", "metadata": {"name": name, "namespace": params["namespace"]}, "spec": spec}


def _part(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return an extension or schema with the fields that were given."""
    return {"ensure": row["state"], **{name: value for name, value in row.items() if name != "state" and value is not None}}


def in_postgresql(client: KubeClient, view: ClusterView, database: str) -> tuple[t.Optional[bool], str]:
    """Ask the primary whether it has a database; None, and why, when it cannot be asked."""
    if not view.current_primary:
        return None, "the cluster has no primary"
    quoted = database.replace("'", "''")
    try:
        sql = f"SELECT count(*) FROM pg_database WHERE datname = '{quoted}'"  # noqa: S608 (quoted, and no parameter is possible)
        answer, error = ask(client, view, sql, "postgres", timeout=QUESTION_SECONDS)
    except KubeError as problem:
        return None, str(problem)
    known = not error and answer in ("0", "1")
    return (answer == "1", "") if known else (None, error or f"it answered {answer!r}")


class AppliedPredicate:
    """Judges a Database or DatabaseRole: done when the instance carried out this very generation.

    A failure does not say which generation it belongs to, and the instance tries again, so only one that lasts counts.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._patience = Patience()

    def __call__(self, obj: t.Optional[t.Mapping[str, t.Any]]) -> Verdict:
        """Return done, waiting or failed with the reason."""
        if obj is None:
            return Verdict("failed", "It was deleted meanwhile.")
        status = obj.get("status") or {}
        if status.get("applied") and status.get("observedGeneration") == obj["metadata"]["generation"]:
            return Verdict("done")
        said = message_of(status)
        found = [Trouble(said, APPLY_PATIENCE)] if said else []
        return self._patience.over(found, self._clock()) or Verdict("waiting", said or "No instance has carried it out yet.")


def message_of(status: t.Mapping[str, t.Any]) -> str:
    """Return what an instance could not do, with the parts of a database."""
    parts = [row for name in ("schemas", "extensions", "fdws", "servers") for row in status.get(name) or () if not row.get("applied")]
    said = [status.get("message") or "", *(f"{row['name']}: {row.get('message', '')}" for row in parts)]
    return "; ".join(text.strip().rstrip(".") for text in said if text.strip())
