# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Retention of a restic repository: making the plan of a policy, and its execution.

What is removed are exactly the ids of the plan, so that no other snapshot can go by a change in between, and restic's own
protections, which depend on its version, are never counted on.
"""

from __future__ import annotations

import datetime
import typing as t

from .._tool.errors import after_change
from ._plan import ADVICE, Group, Judged, Limits, Plan, parse_plan, refuse, spare_good
from .client import Restic
from .errors import NOT_BEGUN, ResticError
from .filter import brief, filter_options, selected, snapshots_of
from .prune import Unused

# What restic says on its own from 0.17 on, where this module says it for every version.
REFUSED = "refusing to delete last snapshot of snapshot group"


class Retention:
    """Plans and removes. look is a client with the short time limit, work the one for everything that may take long."""

    def __init__(
        self, look: Restic, work: Restic, *, policy: t.Sequence[str], chosen_by: t.Mapping[str, t.Sequence[str]], group_by: str
    ) -> None:
        self._look = look
        self._work = work
        self._chosen_by = chosen_by
        self._policy = list(policy)
        self._group_by = group_by

    def plan(self, *, locked: bool = False) -> Plan:
        """Return what the policy would do now; without a policy everything that the filter selects goes.

        locked takes the lock that the removal needs, and so waits until running backups are through.
        """
        if not self._policy:
            chosen = selected(snapshots_of(self._look), self._chosen_by)
            return Plan([Group("of the filter", (), tuple(map(Judged, chosen)))])
        options = ["--group-by", self._group_by, *self._policy, *filter_options(self._chosen_by)]
        restic, lock = (self._work, []) if locked else (self._look, ["--no-lock"])
        try:
            found = parse_plan(restic.call("forget", "--dry-run", "--json", *lock, *options).out)
        except ResticError as error:
            if REFUSED not in str(error):
                raise
            msg = f"This policy would remove all snapshots of a group. Nothing was removed. {ADVICE} restic said: {error.details['stderr']}"
            raise ResticError(msg, error="would_remove_all") from error
        properties = [name for name in self._group_by.split(",") if name]
        return spare_good(found, self._policy, properties, datetime.datetime.now(datetime.timezone.utc))

    def remove(self, plan: Plan, limits: Limits) -> None:
        """Remove exactly what a plan removes, if the policy still wants all of it removed once nobody else writes."""
        now = self.plan(locked=True)
        refuse(now, limits)
        if not set(plan.removed_ids) <= set(now.removed_ids):
            msg = "The snapshots have changed since the plan was made: the policy now keeps one of it. Nothing was removed. Run again."
            raise ResticError(msg, error="changed_meanwhile")
        try:
            said = self._work.call("forget", *plan.removed_ids).err
        except ResticError as error:
            raise self._not_removed(plan, str(error), error.details) from error
        # Before 0.19 restic reports success also when a server refused to delete.
        with after_change():
            left = {snapshot.id for snapshot in snapshots_of(self._look)} & set(plan.removed_ids)
        if left:
            raise self._not_removed(
                plan, f"restic said: {self._work.masked(said)[-600:]}", {"rc": 0, "stderr": self._work.masked(said)[-2000:]}
            )

    def prune(self, plan: Plan, unused: Unused) -> None:
        """Remove the data that nothing refers to any more."""
        try:
            self._work.call("prune")
        except ResticError as error:
            removed = [brief(one.snapshot) for one in plan.removed]
            what = f"{len(removed)} snapshots were removed, but their data was not" if removed else "Unused data was not removed"
            later = "The next run with prune goes on with it" if unused.known else "Run restic prune by hand: this host could not note it"
            changed = bool(removed) or error.error not in NOT_BEGUN
            raise ResticError(f"{what}. {later}. {error}", **{**error.details, "removed": removed, "changed": changed}) from error
        unused.forget()

    def _not_removed(self, plan: Plan, said: str, details: t.Mapping[str, t.Any]) -> ResticError:
        """Return the error for a removal that did not remove everything, with what is really gone."""
        kind = details.get("error")
        if kind in NOT_BEGUN:
            return ResticError(said, **details)
        with after_change():
            there = {snapshot.id for snapshot in snapshots_of(self._look)}
        gone = [brief(one.snapshot) for one in plan.removed if one.snapshot.id not in there]
        counted = f"{len(plan.removed) - len(gone)} of {len(plan.removed)} snapshots could not be removed from {self._work.repository}."
        if kind == "forbidden" or "unable to remove" in str(details.get("stderr")):
            kind = "append_only"
            counted += " Deleting is refused there, as by a server in append-only mode. Run this from a host that may delete."
        named = kind if kind in ("append_only", "timed_out", "interrupted", "killed", "unreachable") else "not_removed"
        return ResticError(f"{counted} {said}", **{**details, "error": named, "removed": gone, "changed": bool(gone)})
