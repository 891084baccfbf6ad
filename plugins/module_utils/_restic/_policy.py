# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A retention policy: as options of restic, and what its rules keep, counted as restic counts.

restic applies a policy to all snapshots of a group and cannot leave some out. The counting is for groups in which some must not count.
It mirrors internal/restic/snapshot_policy.go of restic 0.18.1, which 0.19.1 has unchanged in internal/data. Before 0.16 restic does not
keep the oldest snapshot in addition, so this may keep one more than an older restic, and never less.
What the installed restic keeps is compared with it by test_the_rules_keep_what_restic_keeps in tests/tools/test_restic_forget.py.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ._errors import ResticError
from ._snapshots import Snapshot

COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
PERIODS = ("within", *(f"within_{name}" for name in COUNTS[1:]))
UNLIMITED = "unlimited"
Period = t.Callable[[datetime.datetime], t.Any]
CALENDAR: dict[str, Period] = {
    "hourly": lambda time: (time.date(), time.hour),
    "daily": lambda time: time.date(),
    "weekly": lambda time: time.isocalendar()[:2],
    "monthly": lambda time: (time.year, time.month),
    "yearly": lambda time: time.year,
}
FIRST = datetime.datetime(1, 1, 2, tzinfo=datetime.timezone.utc)


def policy_options(keep: t.Mapping[str, t.Any]) -> list[str]:
    """Return the rules of a policy as options of restic; ResticError when one is not valid, or all of them keep nothing."""
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
        msg = "keep has no rule that keeps anything, so nothing was read or removed. Give at least one, such as daily: 7."
        raise ResticError(msg, error="no_policy")
    return words


def kept_by(policy: t.Sequence[str], snapshots: t.Iterable[Snapshot], now: datetime.datetime) -> dict[str, list[str]]:
    """Return the ids of the snapshots that a policy, as options of restic, keeps, each with the rules that do, in restic's words."""
    found = sorted(snapshots, key=lambda one: one.time, reverse=True)
    reasons: dict[str, list[str]] = {}
    for option, value in zip(policy[::2], policy[1::2]):
        for one, reason in _apply(option[len("--keep-") :], value, found, now):
            reasons.setdefault(one.id, []).append(reason)
    return reasons


def _apply(name: str, value: str, found: list[Snapshot], now: datetime.datetime) -> t.Iterator[tuple[Snapshot, str]]:
    """Yield what one rule keeps of snapshots that are sorted, the newest first, and how restic calls that."""
    if name == "tag":
        tags = value.split(",")
        yield from ((one, f"has tags [{', '.join(tags)}]") for one in found if set(tags) <= set(one.tags))
    elif name == "last":
        yield from ((one, "last snapshot") for one in found[: None if value == UNLIMITED else int(value)])
    elif name in CALENDAR:
        yield from _newest_of_each(found, CALENDAR[name], f"{name} snapshot", None if value == UNLIMITED else int(value))
    else:
        since = _before(max((one.time for one in found if one.time < now), default=None), value)
        young = [one for one in found if one.time > since]
        period = name[len("within-") :]
        if not period:
            yield from ((one, f"within {value}") for one in young)
        else:
            yield from _newest_of_each(young, CALENDAR[period], f"{period} within {value}", None, complete=len(young) == len(found))


def _newest_of_each(
    found: list[Snapshot], period: Period, reason: str, count: t.Optional[int], *, complete: bool = True
) -> t.Iterator[tuple[Snapshot, str]]:
    """Yield the newest of each period, at most count. What is left of the count at the end keeps the oldest one too.

    complete: the last one is the oldest of all, and not only the oldest that the rule looks at.
    """
    kept, last = 0, None
    for one in found:
        if kept == count:
            return
        if period(one.time) != last:
            yield one, reason
        elif complete and one is found[-1]:
            yield one, f"oldest {reason}"
        else:
            continue
        kept, last = kept + 1, period(one.time)


def _before(time: t.Optional[datetime.datetime], span: str) -> datetime.datetime:
    """Return the time a span before another one; the day 31 of a month without one is a day of the next, as in restic."""
    if time is None:
        return FIRST
    units = {unit: int(number) for number, unit in re.findall(r"(\d+)([ymdh])", span)}
    months = time.year * 12 + time.month - 1 - 12 * units.get("y", 0) - units.get("m", 0)
    try:
        start = time.replace(year=months // 12, month=months % 12 + 1, day=1)
        return start + datetime.timedelta(days=time.day - 1 - units.get("d", 0), hours=-units.get("h", 0))
    except (OverflowError, ValueError):
        return FIRST
