# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The Pooler that options ask for, and when its pods run with it."""

from __future__ import annotations

import time
import typing as t

from .._kube.ready import Verdict, ready
from ._spec import as_setting, merge
from .view import API
from .waiting import QUIET_SECONDS, Arrival, Clock


def build_pooler(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the Pooler to apply."""
    parameters = {name: as_setting(value) for name, value in (params.get("parameters") or {}).items()}
    pgbouncer = {"poolMode": params["pool_mode"], "paused": params["paused"], **({"parameters": parameters} if parameters else {})}
    spec: dict[str, t.Any] = {
        "cluster": {"name": params["cluster"]},
        "type": params["type"],
        "instances": params["instances"],
        "pgbouncer": pgbouncer,
    }
    if params.get("template"):
        spec["template"] = params["template"]
    merge(spec, params.get("spec") or {}, "spec")
    metadata = {"name": params["name"], "namespace": params["namespace"]}
    return {"apiVersion": API, "kind": "Pooler", "metadata": metadata, "spec": spec}


class PoolerPredicate:
    """Judges the Deployment of a Pooler: all its pods run, and it is the one from after our change.

    old is the Deployment as it was before a change, None when it was not there; changed tells whether there was a change.
    Settings of PgBouncer reach its pods without a new Deployment, so one that stays as it is counts after a while.
    """

    def __init__(
        self,
        instances: int,
        *,
        old: t.Optional[dict[str, t.Any]],
        changed: bool,
        quiet: float = QUIET_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._instances = instances
        before = old or {"metadata": {}}
        self._arrived = Arrival(before, said=_generation, quiet=quiet, clock=clock) if changed else None

    def __call__(self, obj: t.Optional[dict[str, t.Any]]) -> Verdict:
        """Return done, waiting or failed with the reason."""
        if obj is None:
            return Verdict("waiting", "The operator has made no Deployment yet.")
        wanted = (obj.get("spec") or {}).get("replicas", 1)
        if (self._arrived and not self._arrived(obj)) or wanted != self._instances:
            return Verdict("waiting", f"The Deployment still wants {wanted} pods, or nobody has answered to the change yet.")
        return ready(obj)


def _generation(obj: t.Mapping[str, t.Any]) -> t.Any:
    return obj["metadata"].get("generation")
