# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The plan of a retention policy: which snapshots stay and go, and the limits that it must keep.

The plan is restic's own, from a dry run without a lock, except for groups with partial snapshots, which must not make a good one go.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ._errors import ResticError, parse_json
from ._policy import kept_by
from ._snapshots import PARTIAL, Snapshot, group_snapshots, parse_snapshots, partial_ids

ADVICE = "Check the policy, such as a tag in keep.tags that no snapshot has, or remove a whole group on purpose with allow_remove_all."


@dataclasses.dataclass(frozen=True)
class Decision:
    """A snapshot and the rules that keep it; without any it goes. partial: restic_backup refused it, so it counts for nothing."""

    snapshot: Snapshot
    reasons: tuple[str, ...] = ()
    partial: bool = False

    @property
    def text(self) -> str:
        """The snapshot as a line of a diff."""
        lost = "partial, and a good snapshot is newer" if self.partial else "no rule keeps it"
        return f"{self.snapshot.line()}: {', '.join(self.reasons) or lost}"


@dataclasses.dataclass(frozen=True)
class Group:
    """Snapshots that the policy is applied to together."""

    name: str
    kept: tuple[Decision, ...]
    removed: tuple[Decision, ...]


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
        before, after = ("".join(one.text + "\n" for one in decisions) for decisions in (_ordered([*self.kept, *self.removed]), self.kept))
        return {"before": before, "after": after, "before_header": "snapshots", "after_header": "snapshots"}


def parse_plan(text: str) -> Plan:
    """Read what "restic forget --dry-run --json" prints, which is nothing when there are no snapshots."""
    return Plan(_group(row) for row in parse_json(text.strip() or "[]", "plan"))


def spare_good(plan: Plan, policy: t.Sequence[str], group_by: t.Collection[str], now: datetime.datetime) -> Plan:
    """Return a plan in which no partial snapshot takes the place of a good one.

    The policy counts the good ones only. A partial one goes as soon as a good one of the same kind is newer.
    """
    partial = partial_ids(one.snapshot for one in (*plan.kept, *plan.removed))
    good = [one.snapshot for one in (*plan.kept, *plan.removed) if one.snapshot.id not in partial]
    newest_good = {kin: max(one.time for one in members) for kin, members in group_snapshots(good, group_by).items()}

    def decide(one: Decision, reasons: t.Mapping[str, t.Sequence[str]]) -> Decision:
        if one.snapshot.id not in partial:
            return Decision(one.snapshot, tuple(reasons.get(one.snapshot.id, ())))
        newer = newest_good.get(_kin(one.snapshot, group_by))
        alone = newer is None or newer <= one.snapshot.time
        return Decision(one.snapshot, ("partial, and no good snapshot is newer",) if alone else (), partial=True)

    def spare(planned: Group) -> Group:
        everything = (*planned.kept, *planned.removed)
        if not any(one.snapshot.id in partial for one in everything):
            return planned
        reasons = kept_by(policy, [one.snapshot for one in everything if one.snapshot.id not in partial], now)
        found = [decide(one, reasons) for one in everything]
        return Group(planned.name, tuple(one for one in found if one.reasons), tuple(one for one in found if not one.reasons))

    return Plan(map(spare, plan.groups))


def _kin(snapshot: Snapshot, group_by: t.Collection[str]) -> tuple[str, ...]:
    """Return what a partial snapshot has in common with good ones. The mark is a tag that none of them has."""
    unmarked = dataclasses.replace(snapshot, tags=tuple(tag for tag in snapshot.tags if tag != PARTIAL))
    return next(iter(group_snapshots([unmarked], group_by)))


def _group(row: t.Mapping[str, t.Any]) -> Group:
    """Read one group. Before 0.17 the reasons carry no ids, in every version they are in the order of the kept ones."""
    reasons = [tuple(reason.get("matches") or ()) for reason in row.get("reasons") or []]
    kept = [parse_snapshots([one])[0] for one in row.get("keep") or []]
    properties = (("host", row.get("host")), ("paths", row.get("paths")), ("tags", row.get("tags")))
    name = ", ".join(f"{label} {value if isinstance(value, str) else ' '.join(value)}" for label, value in properties if value)
    return Group(
        name or "all snapshots",
        tuple(Decision(snapshot, why) for snapshot, why in zip(kept, [*reasons, *[("kept",)] * len(kept)])),
        tuple(Decision(snapshot) for snapshot in parse_snapshots(row.get("remove") or [])),
    )


def enforce(limits: Limits, plan: Plan) -> None:
    """Raise ResticError when a plan goes further than the limits, for which partial snapshots do not count."""
    for planned in plan.groups:
        left, lost = len(_good(planned.kept)), len(_good(planned.removed))
        if not lost or limits.allow_remove_all or left >= limits.min_remaining:
            continue
        what = f"This policy would leave {left} of {left + lost} snapshots of the group {planned.name}"
        msg = f"{what}, and min_remaining is {limits.min_remaining}. Nothing was removed. {ADVICE}"
        raise ResticError(msg, error="would_remove_all" if left == 0 else "min_remaining", group=planned.name)
    # A client that may only add snapshots could mark the good ones of others, so what has no mark itself counts here.
    lost = sum(PARTIAL not in one.snapshot.tags for one in plan.removed)
    total = lost + len(_good(plan.kept))
    if limits.max_remove_percent is not None and lost * 100 > limits.max_remove_percent * total:
        what = f"This policy would remove {lost} of {total} snapshots, and max_remove_percent is {limits.max_remove_percent}"
        msg = f"{what}. Nothing was removed. Review the plan in check mode, and raise the limit for one run if it is right."
        raise ResticError(msg, error="max_remove_percent")


def describe_future(plan: Plan, now: datetime.datetime) -> str:
    """Return a sentence about snapshots whose time has not come yet, empty without one."""
    found = [one.snapshot for one in (*plan.kept, *plan.removed) if one.snapshot.is_future(now)]
    if not found:
        return ""
    examples = "; ".join(one.line() for one in found[:5])
    return (
        f"{len(found)} snapshots have a time in the future ({examples}). A policy counts them as the newest and forgets true ones instead. "
        "Check the clocks, and which hosts can write such a snapshot, then remove it with restic forget and its id."
    )


def _good(decisions: t.Iterable[Decision]) -> list[Decision]:
    return [one for one in decisions if not one.partial]


def _ordered(decisions: t.Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda one: (one.snapshot.time, one.snapshot.id))
