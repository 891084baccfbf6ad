# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Objects that an instance carries out in PostgreSQL, which are databases and roles: their names, and whether they are carried out."""

from __future__ import annotations

import re
import time
import typing as t

from .._kube.ready import Predicate, Verdict
from ._waiting import Clock, Patience, Trouble

if t.TYPE_CHECKING:
    from .._kube.client import Object

# An instance tries again after 30 seconds; what failed then as well does not heal.
APPLY_PATIENCE = 40.0
RECLAIM_DELETE = "delete"


def object_name(cluster: str, name: str) -> str:
    """Return the name of the object for a database or role, whose own name may have letters that Kubernetes does not allow."""
    return re.sub(r"[^a-z0-9]+", "-", f"{cluster}-{name}".lower()).strip("-")[:253]


def applied_predicate(clock: Clock = time.monotonic) -> Predicate:
    """Return what checks a Database or DatabaseRole: it is done when the instance carried out this very generation.

    A failure does not name the generation that it belongs to, and the instance tries again, so only one that lasts counts.
    """
    patience = Patience()

    def check(obj: t.Optional[Object]) -> Verdict:
        if obj is None:
            return Verdict("failed", "It was deleted meanwhile.")
        status = obj.get("status") or {}
        if status.get("applied") and status.get("observedGeneration") == obj["metadata"]["generation"]:
            return Verdict("done")
        problem = problem_in(status)
        found = [Trouble(problem, APPLY_PATIENCE)] if problem else []
        return patience.over(found, clock()) or Verdict("waiting", problem or "No instance has carried it out yet.")

    return check


def problem_in(status: t.Mapping[str, t.Any]) -> str:
    """Return what an instance could not do, with the parts of a database."""
    parts = [row for name in ("schemas", "extensions", "fdws", "servers") for row in status.get(name) or () if not row.get("applied")]
    texts = [status.get("message") or "", *(f"{row['name']}: {row.get('message', '')}" for row in parts)]
    return "; ".join(text.strip().rstrip(".") for text in texts if text.strip())
