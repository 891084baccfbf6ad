# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Recovering a Cluster, or rehearsing that: recover, ask, measure, remove."""

from __future__ import annotations

import datetime
import time
import typing as t

from .._kube.diff import applied_difference
from .._kube.wait import Ref
from .._tool.errors import ToolError
from .._tool.times import now, parse_time
from ._drill import LABELS, ask, check_assertions, is_drill, last_archived, remove, seconds_lost
from ._restore_object import archive_name, base_spec, for_drill, name_archive, refuse_other, restore_object, taken_names
from ._restore_source import Source, resolve_source
from ._restore_target import check_target, recovery_target
from .change import await_object, require_cluster
from .view import API, ClusterView, CnpgError
from .waiting import TICK_SECONDS, health_predicate

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

APPLICATION = ("database", "owner")


class Restore:
    """One recovery as the options describe it. warn is told what could not be checked."""

    def __init__(self, client: KubeClient, params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> None:
        self._client = client
        self._params = params
        self._check_mode = check_mode
        self._warn = warn
        self._name, self._namespace = params["name"], params["namespace"]
        self._ref = Ref(API, "Cluster", self._name, self._namespace)
        self._target = {name: value for name, value in (params["target"] or {}).items() if value not in (None, False)}

    def restore(self) -> dict[str, t.Any]:
        """Make the cluster, or go on with the one that the same restore has made, and wait until it is healthy."""
        live = self._client.get(*self._ref)
        source = resolve_source(self._client, self._namespace, self._params["source"])
        wanted, server_name = self._wanted(source, live)
        if live is not None:
            refuse_other(live, wanted)
            written = None
            before = after = applied_difference(None, live)[1]
        else:
            self._check_target(source)
            written = self._client.apply(wanted, dry_run=self._check_mode)
            before, after = applied_difference(None, wanted)
        latest = live or wanted
        if self._params["wait"] and not self._check_mode:
            latest = self._await_health(written)
        shown = {
            "cluster": ClusterView.from_object(latest).summary(),
            "server_name": server_name,
            "recovery_window": {"first": source.first or None},
        }
        return {"changed": written is not None, **shown, "diff": {"before": before, "after": after}}

    def drill(self) -> dict[str, t.Any]:
        """Recover into a cluster that is thrown away. Nothing of it stays, so nothing is changed."""
        live = self._client.get(*self._ref)
        if live is not None and not is_drill(live):
            msg = f"Cluster {self._name} in namespace {self._namespace} exists and is no drill, so it was left alone. Choose another name."
            raise CnpgError(msg, error="exists")
        source = resolve_source(self._client, self._namespace, self._params["source"])
        self._check_target(source)
        wanted = self._wanted(source, None)[0]
        if self._check_mode:
            if live is None:
                self._client.apply(wanted, dry_run=True)
            return {"changed": False, "left_over": live is not None}
        left_over = remove(self._client, self._name, self._namespace, timeout=self._params["wait_timeout"])
        try:
            found = self._rehearse(wanted)
        except ToolError as problem:
            left = self._params["keep_failed"] or not self._try_to_remove()
            problem.details.update(left_over=left, changed=left)
            raise
        remove(self._client, self._name, self._namespace, timeout=self._params["wait_timeout"])
        return {"changed": False, "left_over": left_over, **found}

    def _try_to_remove(self) -> bool:
        """Clean up after a failure, which must not be hidden by another one. The next drill cleans up what stays."""
        try:
            remove(self._client, self._name, self._namespace, timeout=self._params["wait_timeout"])
        except ToolError as problem:
            self._warn(str(problem))
            return False
        return True

    def _rehearse(self, wanted: Object) -> dict[str, t.Any]:
        """Recover, ask and measure; CnpgError when the data are not as they should be."""
        begun, started, archived = now(), time.monotonic(), self._archived()
        view = ClusterView.from_object(self._await_health(self._client.apply(wanted)))
        rto = round(time.monotonic() - started, 1)
        rows = check_assertions(self._client, view, self._params["assertions"], timeout=self._params["query_timeout"])
        wrong = [row for row in rows if not row["holds"]]
        if wrong:
            listed = "; ".join(f"{row['sql']} answered {row['error'] or row['answer']!r}" for row in wrong)
            msg = f"The data that were recovered in {rto:g} seconds are not as they should be: {listed}."
            raise CnpgError(msg, error="assertion", assertions=rows, rto_seconds=rto)
        return {"rto_seconds": rto, **self._loss(view, begun, archived), "assertions": rows, "cluster": view.summary()}

    def _loss(self, view: ClusterView, begun: datetime.datetime, archived: str) -> dict[str, t.Any]:
        """Return how much is missing, by the data if there is a query, else by the archive if all of it was recovered."""
        query, newest = self._params["rpo_query"], "" if self._target else archived
        if query:
            newest, error = ask(self._client, view, query["sql"], query["database"], timeout=self._params["query_timeout"])
            if error:
                raise CnpgError(f"The rpo_query failed: {error}.", error="invalid_rpo_query")
        if not newest:
            return {"rpo_seconds": None, "rpo_method": None}
        until = parse_time(self._target.get("time")) or begun
        return {"rpo_seconds": seconds_lost(newest, until), "rpo_method": "query" if query else "archive"}

    def _wanted(self, source: Source, live: t.Optional[Object]) -> tuple[Object, t.Optional[str]]:
        """Return the Cluster to create, and the name below which it archives."""
        params = self._params
        like = require_cluster(self._client, params["like"], self._namespace) if params["like"] and live is None else None
        spec = base_spec(params["spec"], like)
        labels: dict[str, str] = {}
        if params["drill"]:
            spec, labels = for_drill(spec, LABELS), LABELS
        server_name = archive_name(live) if live else None
        if live is None:
            taken = taken_names(self._client, self._namespace, self._name, spec, source)
            server_name = name_archive(spec, self._name, params["archive_server_name"], taken)
        application = {name: params[name] for name in APPLICATION if params[name]}
        if params["secret"]:
            application["secret"] = {"name": params["secret"]}
        target = recovery_target(self._target, source)
        return restore_object(self._name, self._namespace, spec, source, target, application, labels), server_name

    def _check_target(self, source: Source) -> None:
        unchecked = check_target(self._target, source, now())
        if unchecked:
            self._warn(unchecked)

    def _archived(self) -> str:
        """Return when the cluster that this one is made like has archived its log last."""
        live = self._client.get(API, "Cluster", self._params["like"], self._namespace) if self._params["like"] else None
        return last_archived(self._client, ClusterView.from_object(live)) if live else ""

    def _await_health(self, written: t.Optional[Object]) -> Object:
        predicate = health_predicate(self._client, written=written, stable_for=0.0)
        sentence = f"Cluster {self._name} in namespace {self._namespace} was not recovered"
        return await_object(
            self._client,
            self._ref,
            predicate,
            sentence,
            timeout=self._params["wait_timeout"],
            tick=TICK_SECONDS,
            changed=written is not None,
        )
