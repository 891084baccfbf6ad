# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Applying a retention policy: plan, check the plan, remove exactly that, and prune.

What is removed are exactly the ids of the plan, so that no other snapshot can go by a change in between, and restic's own
protections, which depend on its version, are never counted on.
"""

from __future__ import annotations

import os
import typing as t

from .._tool import times
from .._tool.errors import after_change
from ._errors import NOT_BEGUN, ResticError
from ._plan import ADVICE, Decision, Group, Limits, Plan, describe_future, enforce, parse_plan, spare_good
from ._policy import COUNTS, PERIODS, UNLIMITED, policy_options
from ._prune import Unused, cache_folder, prune
from ._snapshots import FILTER_ARGUMENT, Filter, read_filter, read_snapshots
from .client import Open, Restic

ARGUMENTS: dict[str, t.Any] = {
    "timeout": {"type": "int", "default": 86400},
    "keep": {
        "type": "dict",
        "options": {
            **{name: {"type": "str"} for name in (*COUNTS, *PERIODS)},
            "tags": {"type": "list", "elements": "str", "default": []},
        },
    },
    "filter": FILTER_ARGUMENT,
    "group_by": {"type": "list", "elements": "str", "choices": ["host", "paths", "tags"], "default": ["host", "paths"]},
    "prune": {"type": "bool", "default": False},
    "min_remaining": {"type": "int", "default": 1},
    "max_remove_percent": {"type": "int"},
    "allow_remove_all": {"type": "bool", "default": False},
    "detect_future_snapshots": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
}
# What restic prints on its own from 0.17 on, where this module refuses for every version.
REFUSED = "refusing to delete last snapshot of snapshot group"


def run(open_restic: Open, params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Plan, check the plan, carry it out, and return the result."""
    selection = read_filter(params["filter"])
    policy = read_policy(params, selection)
    limits = Limits(params["min_remaining"], params["max_remove_percent"], params["allow_remove_all"])
    reader, worker = open_restic(reading=True), open_restic()
    reader.require(["keep unlimited"] if UNLIMITED in policy else [])
    retention = Retention(reader, worker, policy=policy, selection=selection, group_by=params["group_by"])
    plan = retention.plan()
    future = "" if params["allow_remove_all"] else describe_future(plan, times.now())
    if future and params["detect_future_snapshots"] == "fail":
        raise ResticError(f"Nothing was removed: {future}", error="future_snapshot")
    if future:
        warn(future)
    enforce(limits, plan)
    unused = Unused(cache_folder(params, {**os.environ, **params["environment"]}), worker.repository)
    pruned = params["prune"] and (bool(plan.removed) or unused.known)
    diff = plan.diff()
    diff["before"] += "unused data of snapshots that were removed before\n" if params["prune"] and unused.known else ""
    if plan.removed and not check_mode:
        with unused.noted():
            retention.remove(plan, limits)
    removed = [one.snapshot.brief() for one in plan.removed]
    if pruned and not check_mode:
        prune(worker, unused, removed)
    return {
        "changed": bool(plan.removed) or pruned,
        "removed": removed,
        "kept": [{**one.snapshot.brief(), "reasons": list(one.reasons)} for one in plan.kept],
        "pruned": pruned,
        "diff": diff,
    }


def read_policy(params: t.Mapping[str, t.Any], selection: Filter) -> list[str]:
    """Return the policy as options of restic, none when everything goes on purpose."""
    if not params["allow_remove_all"]:
        return policy_options(params["keep"] or {})
    if params["keep"] or params["max_remove_percent"] is not None or not any(selection):
        msg = "allow_remove_all removes every snapshot of a filter, so it needs filter and takes neither keep nor max_remove_percent."
        raise ResticError(msg, error="invalid")
    return []


class Retention:
    """Plans and removes. reader is a client with the short time limit, worker the one for everything that may take long."""

    def __init__(self, reader: Restic, worker: Restic, *, policy: t.Sequence[str], selection: Filter, group_by: t.Sequence[str]) -> None:
        self._reader = reader
        self._worker = worker
        self._policy = list(policy)
        self._selection = selection
        self._group_by = group_by

    def plan(self, *, locked: bool = False) -> Plan:
        """Return what the policy would do now; without a policy everything that the filter selects goes.

        locked takes the lock that the removal needs, and so waits until running backups are through.
        """
        if not self._policy:
            selected = self._selection.select(read_snapshots(self._reader))
            return Plan([Group("of the filter", (), tuple(map(Decision, selected)))])
        options = ["--group-by", ",".join(self._group_by), *self._policy, *self._selection.options()]
        restic, lock = (self._worker, []) if locked else (self._reader, ["--no-lock"])
        try:
            found = parse_plan(restic.call("forget", "--dry-run", "--json", *lock, *options).out)
        except ResticError as error:
            if REFUSED not in str(error):
                raise
            reported = error.details["stderr"]
            msg = f"This policy would remove all snapshots of a group. Nothing was removed. {ADVICE} restic reported: {reported}"
            raise ResticError(msg, error="would_remove_all") from error
        return spare_good(found, self._policy, self._group_by, times.now())

    def remove(self, plan: Plan, limits: Limits) -> None:
        """Remove exactly what a plan removes, if the policy still removes all of it once no other process writes."""
        now = self.plan(locked=True)
        enforce(limits, now)
        if not set(plan.removed_ids) <= set(now.removed_ids):
            msg = (
                "The snapshots have changed since the plan was made: the policy now keeps one that it would have removed. "
                "Nothing was removed. Run the task again."
            )
            raise ResticError(msg, error="changed_meanwhile")
        try:
            reported = self._worker.mask(self._worker.call("forget", *plan.removed_ids).err)
        except ResticError as error:
            raise self._not_removed(plan, str(error), error.details) from error
        # Before 0.19 restic reports success also when a server refused to delete.
        with after_change():
            left = {snapshot.id for snapshot in read_snapshots(self._reader)} & set(plan.removed_ids)
        if left:
            raise self._not_removed(plan, f"restic reported: {reported[-600:]}", {"rc": 0, "stderr": reported[-2000:]})

    def _not_removed(self, plan: Plan, reported: str, details: t.Mapping[str, t.Any]) -> ResticError:
        """Return the error for a removal that did not remove everything, with what is really gone."""
        kind = details.get("error")
        if kind in NOT_BEGUN:
            return ResticError(reported, **details)
        with after_change():
            there = {snapshot.id for snapshot in read_snapshots(self._reader)}
        gone = [one.snapshot.brief() for one in plan.removed if one.snapshot.id not in there]
        counted = f"{len(plan.removed) - len(gone)} of {len(plan.removed)} snapshots could not be removed from {self._worker.repository}."
        if kind == "forbidden" or "unable to remove" in str(details.get("stderr")):
            kind = "append_only"
            counted += " Deleting is refused there, as by a server in append-only mode. Run this from a host that may delete."
        named = kind if kind in ("append_only", "timed_out", "interrupted", "killed", "unreachable") else "not_removed"
        return ResticError(f"{counted} {reported}", **{**details, "error": named, "removed": gone, "changed": bool(gone)})
