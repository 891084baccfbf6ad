# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Retention: policies as options, plans of restic 0.14 and 0.18, the limits of a plan, and its execution step by step."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic._plan import Limits, describe_future, enforce, parse_plan, spare_good
from ansible_collections.campus.moodle.plugins.module_utils._restic._policy import kept_by, policy_options
from ansible_collections.campus.moodle.plugins.module_utils._restic._prune import Unused, cache_folder, prune
from ansible_collections.campus.moodle.plugins.module_utils._restic._snapshots import PARTIAL, Filter, read_filter
from ansible_collections.campus.moodle.plugins.module_utils._restic.forget import Retention
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers, listing, row, snapshot

NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def group(kept: t.Sequence[int], removed: t.Sequence[int], host: str = "moodle", *, old: bool = False) -> dict[str, t.Any]:
    """One group of a plan. An old restic gives the reasons without ids."""
    rows = [row(day, host=host) for day in kept]
    named = [{key: value for key, value in one.items() if not (old and key in ("id", "short_id"))} for one in rows]
    reasons = [{"snapshot": one, "matches": ["daily snapshot"], **({"counters": {}} if old else {})} for one in named]
    lost = [row(day, host=host) for day in removed]
    return {"tags": None, "host": host, "paths": ["/srv/data"], "keep": rows or None, "remove": lost or None, "reasons": reasons or None}


def plan(*groups: dict[str, t.Any]) -> str:
    return json.dumps(groups)


def retention(*answers: str | Result, policy: t.Sequence[str] = ("--keep-last", "1")) -> tuple[Retention, Answers]:
    fake = Answers(*answers)
    return Retention(fake.restic, fake.restic, policy=policy, selection=Filter(["moodle"]), group_by=["host", "paths"]), fake


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({"last": "3"}, ["--keep-last", "3"]),
        ({"daily": "7", "yearly": "unlimited", "weekly": "0"}, ["--keep-daily", "7", "--keep-yearly", "unlimited"]),
        ({"within": "1y6m", "within_hourly": "36h"}, ["--keep-within", "1y6m", "--keep-within-hourly", "36h"]),
        ({"tags": ["a,b", "c"]}, ["--keep-tag", "a,b", "--keep-tag", "c"]),
    ],
)
def test_a_policy_becomes_options(keep: dict[str, t.Any], expected: list[str]) -> None:
    assert policy_options(keep) == expected


@pytest.mark.parametrize(
    ("keep", "error"),
    [
        ({}, "no_policy"),
        ({"last": "0", "daily": None, "tags": []}, "no_policy"),
        ({"last": "-1"}, "invalid"),
        ({"last": "seven"}, "invalid"),
        ({"within": "1w"}, "invalid"),
        ({"within": "7"}, "invalid"),
        ({"last": "1", "tags": [""]}, "invalid"),
        ({"last": "1", "tags": [","]}, "invalid"),
    ],
)
def test_a_policy_that_keeps_nothing_or_is_not_valid_is_refused(keep: dict[str, t.Any], error: str) -> None:
    with pytest.raises(ResticError) as caught:
        policy_options(keep)
    assert caught.value.error == error


def test_a_filter_becomes_options_and_an_empty_word_in_it_is_refused() -> None:
    selection = read_filter({"hosts": ["a", "b"], "tags": ["x", "y"], "paths": ["/srv"]})
    assert selection.options() == ["--host", "a", "--host", "b", "--tag", "x,y", "--path", "/srv"]
    assert read_filter(None).options() == []
    with pytest.raises(ResticError, match=r"filter\.tags contains an empty word"):
        read_filter({"tags": ["x", ""]})


@pytest.mark.parametrize("old", [True, False])
def test_a_plan_has_reasons_in_every_version(old: bool) -> None:
    found = parse_plan(plan(group([3, 2], [1], old=old), group([4], [], "other", old=old)))
    assert [one.snapshot.id[:2] for one in found.kept] == ["02", "03", "04"]
    assert {one.reasons for one in found.kept} == {("daily snapshot",)}
    assert found.removed_ids == ["01" * 32]
    before, after = found.diff()["before"].splitlines(), found.diff()["after"].splitlines()
    assert before[0] == "01010101 2026-10-01T03:00:00 moodle /srv/data: no rule keeps it"
    assert before[1:] == after


def test_without_snapshots_restic_prints_nothing_and_nothing_is_planned() -> None:
    found = parse_plan("")
    assert (found.kept, found.removed) == ([], [])


@pytest.mark.parametrize(
    ("groups", "limits", "error"),
    [
        ([group([], [1, 2])], Limits(1), "would_remove_all"),
        ([group([3], [1], "a"), group([], [2], "b")], Limits(1), "would_remove_all"),
        ([group([3], [1, 2])], Limits(2), "min_remaining"),
        ([group([3], [1, 2])], Limits(1, 66), "max_remove_percent"),
    ],
)
def test_a_plan_beyond_a_limit_is_refused(groups: list[dict[str, t.Any]], limits: Limits, error: str) -> None:
    with pytest.raises(ResticError, match="Nothing was removed") as caught:
        enforce(limits, parse_plan(plan(*groups)))
    assert caught.value.error == error


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ([group([3, 2], [1])], Limits(2, 34)),
        # A group that loses nothing may be as small as it is.
        ([group([3], [])], Limits(5)),
        ([group([], [1, 2])], Limits(1, None, allow_remove_all=True)),
        ([], Limits(1, 0)),
    ],
)
def test_a_plan_within_its_limits_is_let_through(groups: list[dict[str, t.Any]], limits: Limits) -> None:
    enforce(limits, parse_plan(plan(*groups)))


def mixed(*rows: dict[str, t.Any], removed: t.Sequence[int] = ()) -> str:
    """A plan with one group of these snapshots, of which restic would remove those of some days."""
    kept = [one for one in rows if int(one["id"][:2]) not in removed]
    lost = [one for one in rows if int(one["id"][:2]) in removed]
    reasons = [{"snapshot": one, "matches": ["last snapshot"]} for one in kept]
    return json.dumps([{"tags": None, "host": "moodle", "paths": ["/srv/data"], "keep": kept, "remove": lost, "reasons": reasons}])


BAD = {"tags": [PARTIAL]}


@pytest.mark.parametrize(
    ("rows", "removed", "policy", "goes"),
    [
        # The newest are partial: restic would keep these two, and remove both good ones.
        ([row(1), row(2), row(3, **BAD), row(4, **BAD)], [1, 2], ["--keep-last", "2"], []),
        ([row(1), row(2), row(3, **BAD), row(4, **BAD)], [1, 2], ["--keep-last", "1"], [1]),
        # A good one is newer than a partial one, which goes.
        ([row(1), row(2, **BAD), row(3), row(4, **BAD)], [1, 2], ["--keep-daily", "2"], [2]),
        ([row(1), row(2, **BAD), row(3), row(4)], [1, 2], ["--keep-daily", "2"], [1, 2]),
        # What a mark names, and what was copied before it was marked, is partial too.
        ([row(1), row(2), row(3, original="02" * 32, **BAD), row(4)], [1], ["--keep-last", "1"], [1, 2, 3]),
        ([row(1), row(2, original="ff" * 32), row(3, original="ff" * 32, **BAD)], [1], ["--keep-last", "1"], []),
        # Without a partial one it is restic's own plan.
        ([row(1), row(2)], [1], ["--keep-last", "2"], [1]),
    ],
)
def test_a_partial_snapshot_never_makes_a_good_one_go(
    rows: list[dict[str, t.Any]], removed: list[int], policy: list[str], goes: list[int]
) -> None:
    planned = spare_good(parse_plan(mixed(*rows, removed=removed)), policy, ["host", "paths"], NOW)
    assert [int(one[:2]) for one in planned.removed_ids] == goes
    enforce(Limits(1, 67), planned)


def test_a_snapshot_that_only_another_one_calls_partial_counts_for_the_limit() -> None:
    marks = [row(day + 10, original=f"{day:02}" * 32, **BAD) for day in (1, 2)]
    planned = spare_good(parse_plan(mixed(row(1), row(2), row(20), *marks)), ["--keep-last", "9"], ["host", "paths"], NOW)
    assert [int(one[:2]) for one in planned.removed_ids] == [1, 2, 11, 12]
    with pytest.raises(ResticError, match="would remove 2 of 3 snapshots"):
        enforce(Limits(1, 50), planned)


def test_partial_snapshots_do_not_count_for_the_limits() -> None:
    rows = [row(1, **BAD), row(2, **BAD), row(3), row(4), row(5, **BAD)]
    planned = spare_good(parse_plan(mixed(*rows)), ["--keep-last", "1"], ["host", "paths"], NOW)
    assert [int(one[:2]) for one in planned.removed_ids] == [1, 2, 3]
    enforce(Limits(1, 50), planned)
    assert "partial, and a good snapshot is newer" in planned.diff()["before"]
    with pytest.raises(ResticError, match="would leave 1 of 2 snapshots"):
        enforce(Limits(2), planned)


def test_a_partial_snapshot_in_a_group_of_its_own_goes_with_a_newer_good_one() -> None:
    groups = [{**group([1], []), "tags": [PARTIAL, "daily"]}, {**group([2], []), "tags": ["daily"]}]
    groups[0]["keep"][0]["tags"], groups[1]["keep"][0]["tags"] = [PARTIAL, "daily"], ["daily"]
    planned = spare_good(parse_plan(plan(*groups)), ["--keep-last", "9"], ["host", "paths", "tags"], NOW)
    assert [int(one[:2]) for one in planned.removed_ids] == [1]
    enforce(Limits(1, 0), planned)


@pytest.mark.parametrize(
    ("policy", "days"),
    [
        (["--keep-last", "unlimited"], [1, 2, 12, 30, 31]),
        (["--keep-weekly", "2"], [12, 31]),
        # What is left of the count keeps the oldest.
        (["--keep-monthly", "2"], [1, 31]),
        (["--keep-within", "19d"], [30, 31]),
        # 1 and 2 are of the same week: the newest of it, and the oldest of all.
        (["--keep-within-weekly", "1y"], [1, 2, 12, 31]),
        # The oldest is older than the period.
        (["--keep-within-weekly", "29d12h"], [2, 12, 31]),
        (["--keep-within-daily", "9999y"], [1, 2, 12, 30, 31]),
        (["--keep-tag", "a,b", "--keep-last", "1"], [2, 31]),
    ],
)
def test_rules_are_counted_as_restic_does(policy: list[str], days: list[int]) -> None:
    found = [snapshot(day, **({"tags": ["a", "b"]} if day == 2 else {})) for day in (1, 2, 12, 30, 31)]
    assert sorted(int(one[:2]) for one in kept_by(policy, found, NOW)) == days


def test_a_snapshot_from_the_future_is_named() -> None:
    found = parse_plan(plan(group([3], [1])))
    assert describe_future(found, NOW) == ""
    assert "03030303 2026-10-03" in describe_future(found, NOW - datetime.timedelta(days=29, hours=12))


def test_a_plan_needs_no_lock_and_the_removal_names_its_ids() -> None:
    first = plan(group([3], [1, 2]))
    work, fake = retention(first, first, "", listing(3))
    planned = work.plan()
    work.remove(planned, Limits(1))
    options = ["--group-by", "host,paths", "--keep-last", "1", "--host", "moodle"]
    assert fake.commands == [
        ["forget", "--dry-run", "--json", "--no-lock", *options],
        ["forget", "--dry-run", "--json", *options],
        ["forget", "01" * 32, "02" * 32],
        ["--json", "snapshots", "--no-lock"],
    ]


def test_a_new_snapshot_in_between_changes_nothing_about_a_plan() -> None:
    work, fake = retention(plan(group([3], [1])), plan(group([4], [1, 3])), "", listing(3, 4))
    work.remove(work.plan(), Limits(1))
    assert fake.commands[2] == ["forget", "01" * 32]


def test_a_lock_at_the_removal_is_just_that() -> None:
    first = plan(group([3], [1, 2]))
    work, fake = retention(first, first, Result(11, "", "repository is already locked by PID 7 on host by root"))
    with pytest.raises(ResticError, match="by process 7 on host") as caught:
        work.remove(work.plan(), Limits(1))
    assert (caught.value.error, len(fake.commands)) == ("locked", 3)


def test_a_plan_that_is_not_json_is_an_error_and_no_empty_plan() -> None:
    with pytest.raises(ResticError, match="printed a plan that is not valid JSON"):
        parse_plan("created new cache")


def test_a_kept_snapshot_counts_also_without_a_reason() -> None:
    assert [one.reasons for one in parse_plan(json.dumps([{**group([3], [1]), "reasons": None}])).kept] == [("kept",)]


def test_a_plan_that_the_policy_no_longer_allows_is_not_carried_out() -> None:
    work, fake = retention(plan(group([3], [1, 2])), plan(group([2], [1])))
    with pytest.raises(ResticError, match="Nothing was removed") as caught:
        work.remove(work.plan(), Limits(1))
    assert (caught.value.error, len(fake.commands)) == ("changed_meanwhile", 2)


@pytest.mark.parametrize(
    ("answer", "left", "error", "removed"),
    [
        # 0.18 reports success.
        (Result(0, "", "unable to remove snapshot/0101 from the repository\n"), (1, 2, 3), "append_only", []),
        (Result(1, "", "Fatal: unexpected HTTP response (403): 403 Forbidden"), (2, 3), "append_only", ["01" * 32]),
        (Result(1, "", "Fatal: something else"), (1, 3), "not_removed", ["02" * 32]),
        (Result(130, "", "signal interrupt received"), (2, 3), "interrupted", ["01" * 32]),
    ],
)
def test_what_is_really_gone_is_reported_after_a_failure(answer: Result, left: tuple[int, ...], error: str, removed: list[str]) -> None:
    first = plan(group([3], [1, 2]))
    lists = [listing(*left)] * (2 if answer.rc == 0 else 1)
    work, _fake = retention(first, first, answer, *lists)
    with pytest.raises(ResticError, match="of 2 snapshots could not be removed from /srv/backup") as caught:
        work.remove(work.plan(), Limits(1))
    assert caught.value.error == error
    assert [one["id"] for one in caught.value.details["removed"]] == removed


def test_the_protection_of_new_versions_is_the_same_error() -> None:
    said = '{"message_type":"exit_error","code":1,"message":"refusing to delete last snapshot of snapshot group \\"host moodle\\""}'
    work, _fake = retention(Result(1, "", said))
    with pytest.raises(ResticError, match=r"keep\.tags that no snapshot has") as caught:
        work.plan()
    assert caught.value.error == "would_remove_all"


def test_without_a_policy_everything_that_the_filter_selects_goes() -> None:
    rows = json.dumps([row(1), row(2, host="other"), row(3)])
    work, _fake = retention(rows, policy=())
    assert work.plan().removed_ids == ["01" * 32, "03" * 32]


GONE = Result(1, "", "Get: dial tcp: connection refused")


@pytest.mark.parametrize(
    ("answers", "changed"),
    [
        ([Result(11, "", "repository is already locked by PID 7 on host by root")], False),
        ([Result(1, "", "Fatal: something else"), listing(1, 2, 3)], False),
        ([Result(1, "", "Fatal: something else"), listing(1, 3)], True),
        # The connection is lost: what cannot be known counts as a change.
        ([GONE, GONE], True),
        (["", GONE], True),
    ],
)
def test_a_failed_removal_says_whether_something_is_gone(answers: list[str | Result], changed: bool) -> None:
    first = plan(group([3], [1, 2]))
    work, _fake = retention(first, first, *answers)
    with pytest.raises(ResticError) as caught:
        work.remove(work.plan(), Limits(1))
    assert caught.value.details.get("changed", False) is changed


LOCKED = Result(11, "", "unable to create lock: repository is already locked by PID 7 on host by root (UID 0, GID 0)")


@pytest.mark.parametrize(
    ("removed", "answer", "sentence", "changed"),
    [
        ([1, 2], LOCKED, "2 snapshots were removed, but their data was not. The next run with prune continues", True),
        ([], LOCKED, "Unused data was not removed. The next run with prune continues", False),
        ([], Result(1, "", "no space left on device"), "Unused data was not removed", True),
    ],
)
def test_a_failed_prune_says_what_is_gone_and_is_not_forgotten(
    tmp_path: pathlib.Path, removed: list[int], answer: Result, sentence: str, changed: bool
) -> None:
    unused = Unused(str(tmp_path), "/srv/backup")
    unused.note()
    with pytest.raises(ResticError, match=sentence) as caught:
        prune(Answers(answer).restic, unused, [{"id": day} for day in removed])
    assert (caught.value.details["changed"], len(caught.value.details["removed"])) == (changed, len(removed))
    assert unused.known
    prune(Answers("").restic, unused, [])
    assert not unused.known


def test_a_failed_prune_that_cannot_be_noted_says_so() -> None:
    unused = Unused("/proc/no/such", "/srv/backup")
    unused.note()
    with pytest.raises(ResticError, match="Run restic prune by hand"):
        prune(Answers(LOCKED).restic, unused, [{"id": 1}])


@pytest.mark.parametrize(
    ("before", "details", "after"),
    [(False, {"changed": False}, False), (False, {}, False), (False, {"changed": True}, True), (True, {"changed": False}, True)],
)
def test_a_removal_that_removed_nothing_leaves_no_note(tmp_path: pathlib.Path, before: bool, details: dict[str, bool], after: bool) -> None:
    unused = Unused(str(tmp_path / "new"), "/srv/backup")
    if before:
        unused.note()
    with pytest.raises(ResticError), unused.noted():
        assert unused.known
        raise ResticError("no", **details)
    assert unused.known is after
    assert not Unused(str(tmp_path / "new"), "/srv/other").known


@pytest.mark.parametrize(
    ("params", "environ", "folder"),
    [
        ({"cache_dir": "/c"}, {"RESTIC_CACHE_DIR": "/e"}, "/c"),
        ({}, {"RESTIC_CACHE_DIR": "/e", "XDG_CACHE_HOME": "/x"}, "/e"),
        ({}, {"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/restic"),
        ({"cache_dir": None}, {"HOME": "/h"}, "/h/.cache/restic"),
    ],
)
def test_the_note_is_where_restic_has_its_cache(params: dict[str, t.Any], environ: dict[str, str], folder: str) -> None:
    assert cache_folder(params, environ) == folder
