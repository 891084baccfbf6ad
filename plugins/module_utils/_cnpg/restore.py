# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Recovering a Cluster, or rehearsing that: recover, query, measure, remove."""

from __future__ import annotations

import datetime
import time
import typing as t

from .._kube.diff import applied_difference
from .._kube.wait import Ref
from .._tool.errors import ToolError
from .._tool.times import now, parse_time
from ._instances import query
from ._objects import Params, Task, Warn, await_object, refuse_other, require_cluster
from ._restore.drill import LABELS, check_assertions, is_drill, last_archived, remove, seconds_lost
from ._restore.object import archive_name, base_spec, for_drill, name_archive, origin_of, restore_object, taken_names
from ._restore.source import Source, resolve_source
from ._restore.target import check_target, recovery_target
from ._view import API, BARMAN_PLUGIN, ClusterView, CnpgError
from ._waiting import TICK_SECONDS, health_predicate

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient, Object

TEXT: dict[str, t.Any] = {"type": "str"}
NEEDED: dict[str, t.Any] = {"type": "str", "required": True}
SOURCE: dict[str, t.Any] = {
    "backup": TEXT,
    "plugin": {
        "type": "dict",
        "options": {"name": {"type": "str", "default": BARMAN_PLUGIN}, "object_store": NEEDED, "server_name": NEEDED},
    },
    "barman_object_store": {"type": "dict"},
    "volume_snapshots": {"type": "dict", "options": {"storage": NEEDED, "wal_storage": TEXT, "tablespace_storage": {"type": "dict"}}},
}
TARGET: dict[str, t.Any] = {
    **dict.fromkeys(("time", "lsn", "name", "xid", "timeline", "backup_id"), TEXT),
    **{name: {"type": "bool"} for name in ("immediate", "exclusive")},
}
QUERY: dict[str, t.Any] = {"sql": NEEDED, "database": {"type": "str", "default": "app"}}
ARGUMENTS: dict[str, t.Any] = {
    "name": NEEDED,
    "namespace": NEEDED,
    "source": {
        "type": "dict",
        "required": True,
        "options": SOURCE,
        "required_one_of": [tuple(SOURCE)],
        "mutually_exclusive": [("backup", "plugin", "barman_object_store"), ("backup", "volume_snapshots")],
    },
    "target": {"type": "dict", "options": TARGET, "mutually_exclusive": [("time", "lsn", "name", "xid", "immediate")]},
    "spec": {"type": "dict", "default": {}},
    "like": TEXT,
    "archive_server_name": TEXT,
    "database": TEXT,
    "owner": TEXT,
    "secret": {"type": "str", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 3600},
    "drill": {"type": "bool", "default": False},
    "assertions": {"type": "list", "elements": "dict", "default": [], "options": {**QUERY, "expect": {"type": "str", "default": "t"}}},
    "rpo_query": {"type": "dict", "options": QUERY},
    "query_timeout": {"type": "int", "default": 60},
    "keep_failed": {"type": "bool", "default": False},
}
RULES: dict[str, t.Any] = {"required_together": [("database", "owner")]}
APPLICATION = ("database", "owner")


def run(client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Recover or rehearse, and return the result of the module."""
    task = RestoreTask(client, params, check_mode=check_mode, warn=warn)
    return task.drill() if params["drill"] else task.restore()


class RestoreTask(Task):
    """One recovery as the options describe it."""

    def __init__(self, client: KubeClient, params: Params, *, check_mode: bool, warn: Warn) -> None:
        super().__init__(client, params, check_mode=check_mode, warn=warn)
        self._name, self._namespace = params["name"], params["namespace"]
        self._ref = Ref(API, "Cluster", self._name, self._namespace)
        self._target = {name: value for name, value in (params["target"] or {}).items() if value not in (None, False)}

    def restore(self) -> dict[str, t.Any]:
        """Make the cluster, or go on with the one that the same restore has made, and wait until it is healthy."""
        live = self.client.get(*self._ref)
        source = resolve_source(self.client, self._namespace, self.params["source"])
        desired, server_name = self._describe(source, live)
        if live is not None:
            because = "A restore makes a new cluster, so choose another name."
            refuse_other(live, origin_of(desired), origin_of(live), because=because)
            written = None
            before = after = applied_difference(None, live)[1]
        else:
            self._check_target(source)
            written = self.client.apply(desired, dry_run=self.check_mode)
            before, after = applied_difference(None, desired)
        latest = live or desired
        if self.waits:
            latest = self._await_health(written)
        shown = {
            "cluster": ClusterView.from_object(latest).summary(),
            "server_name": server_name,
            "recovery_window": {"first": source.first or None},
        }
        return {"changed": written is not None, **shown, "diff": {"before": before, "after": after}}

    def drill(self) -> dict[str, t.Any]:
        """Recover into a cluster that is thrown away. Nothing of it stays, so nothing is changed."""
        live = self.client.get(*self._ref)
        if live is not None and not is_drill(live):
            what = f"Cluster {self._name} in namespace {self._namespace} exists and is not a drill"
            raise CnpgError(f"{what}, so it was left alone. Choose another name.", error="exists")
        source = resolve_source(self.client, self._namespace, self.params["source"])
        self._check_target(source)
        desired = self._describe(source, None)[0]
        if self.check_mode:
            if live is None:
                self.client.apply(desired, dry_run=True)
            return {"changed": False, "left_over": live is not None}
        left_over = remove(self.client, self._name, self._namespace, timeout=self.params["wait_timeout"])
        try:
            found = self._rehearse(desired)
        except ToolError as error:
            left = self.params["keep_failed"] or not self._try_to_remove()
            error.details.update(left_over=left, changed=left)
            raise
        remove(self.client, self._name, self._namespace, timeout=self.params["wait_timeout"])
        return {"changed": False, "left_over": left_over, **found}

    def _try_to_remove(self) -> bool:
        """Clean up after a failure, which must not be hidden by another one. The next drill cleans up what stays."""
        try:
            remove(self.client, self._name, self._namespace, timeout=self.params["wait_timeout"])
        except ToolError as error:
            self.warn(str(error))
            return False
        return True

    def _rehearse(self, desired: Object) -> dict[str, t.Any]:
        """Recover, query and measure; CnpgError when the data are not as they should be."""
        begun, started, archived = now(), time.monotonic(), self._archived()
        view = ClusterView.from_object(self._await_health(self.client.apply(desired)))
        rto = round(time.monotonic() - started, 1)
        rows = check_assertions(self.client, view, self.params["assertions"], timeout=self.params["query_timeout"])
        wrong = [row for row in rows if not row["holds"]]
        if wrong:
            listed = "; ".join(f"{row['sql']} answered {row['error'] or row['answer']!r}" for row in wrong)
            msg = f"The data that were recovered in {rto:g} seconds are not as they should be: {listed}."
            raise CnpgError(msg, error="assertion", assertions=rows, rto_seconds=rto)
        return {"rto_seconds": rto, **self._loss(view, begun, archived), "assertions": rows, "cluster": view.summary()}

    def _loss(self, view: ClusterView, begun: datetime.datetime, archived: str) -> dict[str, t.Any]:
        """Return how much is missing, by the data if there is a query, else by the archive if all of it was recovered."""
        question, newest = self.params["rpo_query"], "" if self._target else archived
        if question:
            newest, error = query(self.client, view, question["sql"], question["database"], timeout=self.params["query_timeout"])
            if error:
                raise CnpgError(f"The rpo_query failed: {error}.", error="invalid_rpo_query")
        if not newest:
            return {"rpo_seconds": None, "rpo_method": None}
        until = parse_time(self._target.get("time")) or begun
        return {"rpo_seconds": seconds_lost(newest, until), "rpo_method": "query" if question else "archive"}

    def _describe(self, source: Source, live: t.Optional[Object]) -> tuple[Object, t.Optional[str]]:
        """Return the Cluster to create, and the name below which it archives."""
        params = self.params
        like = require_cluster(self.client, params["like"], self._namespace) if params["like"] and live is None else None
        spec = base_spec(params["spec"], like)
        labels: dict[str, str] = {}
        if params["drill"]:
            spec, labels = for_drill(spec, LABELS), LABELS
        server_name = archive_name(live) if live else None
        if live is None:
            taken = taken_names(self.client, self._namespace, self._name, spec, source)
            server_name = name_archive(spec, self._name, params["archive_server_name"], taken)
        application = {name: params[name] for name in APPLICATION if params[name]}
        if params["secret"]:
            application["secret"] = {"name": params["secret"]}
        target = recovery_target(self._target, source)
        return restore_object(self._name, self._namespace, spec, source, target, application, labels), server_name

    def _check_target(self, source: Source) -> None:
        unchecked = check_target(self._target, source, now())
        if unchecked:
            self.warn(unchecked)

    def _archived(self) -> str:
        """Return when the cluster that this one is made like has archived its log last."""
        live = self.client.get(API, "Cluster", self.params["like"], self._namespace) if self.params["like"] else None
        return last_archived(self.client, ClusterView.from_object(live)) if live else ""

    def _await_health(self, written: t.Optional[Object]) -> Object:
        predicate = health_predicate(self.client, written=written, stable_for=0.0)
        sentence = f"Cluster {self._name} in namespace {self._namespace} was not recovered"
        return await_object(
            self.client,
            self._ref,
            predicate,
            sentence,
            timeout=self.params["wait_timeout"],
            tick=TICK_SECONDS,
            changed=written is not None,
        )
