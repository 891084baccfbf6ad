# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Retention of a restic repository: the plan that a policy makes, the limits it must keep, and its execution.

The plan is restic's own, from a dry run without a lock. What is removed are exactly the ids of the plan, so that no other
snapshot can go by a change in between, and restic's own protections, which depend on its version, are never counted on.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._cli import after_change
from ansible_collections.campus.moodle.plugins.module_utils._restic import Restic
from ansible_collections.campus.moodle.plugins.module_utils._restic_errors import NOT_BEGUN, ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic_filter import (
    brief,
    filter_options,
    json_of,
    line,
    selected,
    snapshots_of,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic_snapshots import Snapshot, parse_snapshots
from ansible_collections.campus.moodle.plugins.module_utils._restic_unused import Unused

COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
PERIODS = ("within", *(f"within_{name}" for name in COUNTS[1:]))
UNLIMITED = "unlimited"
# What restic says on its own from 0.17 on, where this module says it for every version.
REFUSED = "refusing to delete last snapshot of snapshot group"
ADVICE = "Check the policy, such as a tag in keep.tags that no snapshot has, or remove a whole group on purpose with allow_remove_all."


@dataclasses.dataclass(frozen=True)
class Judged:
    """A snapshot and the rules that keep it; none: it goes."""

    snapshot: Snapshot
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The snapshot as a line of a diff."""
        return f"{line(self.snapshot)}: {', '.join(self.reasons) or 'no rule keeps it'}"


@dataclasses.dataclass(frozen=True)
class Group:
    """Snapshots that the policy is applied to together."""

    name: str
    kept: tuple[Judged, ...]
    removed: tuple[Judged, ...]


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a plan may do at most."""

    min_remaining: int
    max_remove_percent: t.Optional[int] = None
    allow_remove_all: bool = False


class Plan:
    """Everything that is kept and removed, the oldest first."""

    def __init__(self, groups: t.Iterable[Group]) -> None:
        self.groups = sorted(groups, key=lambda group: group.name)
        self.kept = _ordered(one for group in self.groups for one in group.kept)
        self.removed = _ordered(one for group in self.groups for one in group.removed)

    @property
    def removed_ids(self) -> list[str]:
        """The ids that go."""
        return [one.snapshot.id for one in self.removed]

    def diff(self) -> dict[str, str]:
        """Return the lists before and after, each snapshot with the reason why it stays or goes."""
        before, after = ("".join(one.text + "\n" for one in judged) for judged in (_ordered([*self.kept, *self.removed]), self.kept))
        return {"before": before, "after": after, "before_header": "snapshots", "after_header": "snapshots"}


def policy_options(keep: t.Mapping[str, t.Any]) -> list[str]:
    """Return the rules of a policy as options of restic; ResticError when one is none, or all of them keep nothing."""
    words: list[str] = []
    for name in COUNTS:
        value = str(keep.get(name) or "0")
        if value != UNLIMITED and not value.isdigit():
            msg = f"keep.{name} is {value!r}. Give a number of snapshots, or {UNLIMITED}."
            raise ResticError(msg, error="invalid")
        words += [f"--keep-{name}", value] if value.strip("0") else []
    for name in PERIODS:
        value = str(keep.get(name) or "")
        if value and not re.fullmatch(r"(\d+[ymdh])+", value):
            msg = f"keep.{name} is {value!r}. Give numbers with the units y, m, d and h, such as 1y6m or 14d."
            raise ResticError(msg, error="invalid")
        words += [f"--keep-{name.replace('_', '-')}", value] if value else []
    for tags in keep.get("tags") or []:
        if not tags.strip(", "):
            msg = "keep.tags contains an empty word. Give tags, or leave it out."
            raise ResticError(msg, error="invalid")
        words += ["--keep-tag", tags]
    if not words:
        msg = "keep has no rule that keeps anything, so nothing was looked at or removed. Give at least one, such as daily: 7."
        raise ResticError(msg, error="no_policy")
    return words


def parse_plan(text: str) -> Plan:
    """Read what "restic forget --dry-run --json" prints, which is nothing when there are no snapshots."""
    return Plan(_group(row) for row in json_of(text.strip() or "[]", "plan"))


def _group(row: t.Mapping[str, t.Any]) -> Group:
    """Read one group. Before 0.17 the reasons carry no ids, in every version they are in the order of the kept ones."""
    reasons = [tuple(reason.get("matches") or ()) for reason in row.get("reasons") or []]
    kept = [parse_snapshots([one])[0] for one in row.get("keep") or []]
    properties = (("host", row.get("host")), ("paths", row.get("paths")), ("tags", row.get("tags")))
    name = ", ".join(f"{label} {value if isinstance(value, str) else ' '.join(value)}" for label, value in properties if value)
    return Group(
        name or "all snapshots",
        tuple(Judged(snapshot, why) for snapshot, why in zip(kept, [*reasons, *[("kept",)] * len(kept)])),
        tuple(Judged(snapshot) for snapshot in parse_snapshots(row.get("remove") or [])),
    )


def refuse(plan: Plan, limits: Limits) -> None:
    """Raise ResticError when a plan goes further than the limits."""
    for group in plan.groups:
        left = len(group.kept)
        if not group.removed or limits.allow_remove_all or left >= limits.min_remaining:
            continue
        what = f"This policy would leave {left} of {left + len(group.removed)} snapshots of the group {group.name}"
        msg = f"{what}, and min_remaining is {limits.min_remaining}. Nothing was removed. {ADVICE}"
        raise ResticError(msg, error="would_remove_all" if left == 0 else "min_remaining", group=group.name)
    total = len(plan.kept) + len(plan.removed)
    if limits.max_remove_percent is not None and len(plan.removed) * 100 > limits.max_remove_percent * total:
        what = f"This policy would remove {len(plan.removed)} of {total} snapshots, and max_remove_percent is {limits.max_remove_percent}"
        msg = f"{what}. Nothing was removed. Look at the plan in check mode, and raise the limit for one run if it is right."
        raise ResticError(msg, error="max_remove_percent")


def future_sentence(plan: Plan, now: datetime.datetime) -> str:
    """Return a sentence about snapshots whose time has not come yet, empty without one."""
    found = [one.snapshot for one in (*plan.kept, *plan.removed) if one.snapshot.is_future(now)]
    if not found:
        return ""
    return (
        f"{len(found)} snapshots have a time in the future ({'; '.join(map(line, found[:5]))}). A policy counts them as the newest and "
        "forgets true ones instead. Check the clocks, and who could write such a snapshot, then remove it with restic forget and its id."
    )


class Retention:
    """Plans and removes. look is a client with the short time limit, work the one for everything that may take long."""

    def __init__(
        self, look: Restic, work: Restic, *, policy: t.Sequence[str], chosen_by: t.Mapping[str, t.Sequence[str]], group_by: str
    ) -> None:
        self._look = look
        self._work = work
        self._chosen_by = chosen_by
        self._policy = ["--group-by", group_by, *policy] if policy else []

    def plan(self, *, locked: bool = False) -> Plan:
        """Return what the policy would do now; without a policy everything that the filter selects goes.

        locked takes the lock that the removal needs, and so waits until running backups are through.
        """
        if not self._policy:
            chosen = selected(snapshots_of(self._look), self._chosen_by)
            return Plan([Group("of the filter", (), tuple(map(Judged, chosen)))])
        options = [*self._policy, *filter_options(self._chosen_by)]
        try:
            if locked:
                return parse_plan(self._work.call("forget", "--dry-run", "--json", *options).out)
            return parse_plan(self._look.call("forget", "--dry-run", "--json", "--no-lock", *options).out)
        except ResticError as error:
            if REFUSED not in str(error):
                raise
            msg = f"This policy would remove all snapshots of a group. Nothing was removed. {ADVICE} restic said: {error.details['stderr']}"
            raise ResticError(msg, error="would_remove_all") from error

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


def _ordered(judged: t.Iterable[Judged]) -> list[Judged]:
    return sorted(judged, key=lambda one: (one.snapshot.time, one.snapshot.id))
