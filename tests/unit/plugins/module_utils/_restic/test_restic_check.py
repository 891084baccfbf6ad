# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Checking a repository: which part is read, and what outputs of restic 0.14.0 and 0.18.1 (November 2026) mean."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic.check import check_arguments, run_check, subset_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.restic_answers import Answers

PACK = "d366847040b180fdbf81fe556e014dc30f5eb306fcb5cd883325b248073af863"
TODAY = datetime.date(2026, 11, 21)
END = '{"message_type":"exit_error","code":1,"message":"Fatal: repository contains errors"}'
RETRY = "Load(<data/d366847040>, 900394, 0) returned error, retrying after 552.330144ms: ReadFull: unexpected EOF\n"


def error(text: str) -> str:
    return json.dumps({"message_type": "error", "message": text}) + "\n"


def summary(errors: int, packs: t.Optional[list[str]] = None, **more: bool) -> str:
    hints = {"suggest_repair_index": False, "suggest_prune": False, **more}
    return json.dumps({"message_type": "summary", "num_errors": errors, "broken_packs": packs, **hints})


@pytest.mark.parametrize(
    ("level", "subset", "rotate", "expected"),
    [
        ("metadata", None, None, ""),
        ("full", None, None, "all"),
        ("subset", "3/12", None, "3/12"),
        ("subset", "2.5%", None, "2.5%"),
        ("subset", "10G", None, "10G"),
        ("subset", None, 1, "1/1"),
    ],
)
def test_the_part_to_read(level: str, subset: t.Optional[str], rotate: t.Optional[int], expected: str) -> None:
    assert subset_of(level, subset, rotate, TODAY) == expected


@pytest.mark.parametrize(
    ("subset", "rotate"), [("13/12", None), ("0/5", None), ("1/257", None), ("all", None), (None, 0), (None, -3), (None, 257)]
)
def test_a_part_that_is_not_valid_is_refused(subset: t.Optional[str], rotate: t.Optional[int]) -> None:
    with pytest.raises(ResticError, match="is not a valid part of the data"):
        subset_of("subset", subset, rotate, TODAY)


@pytest.mark.parametrize("first", [datetime.date(2026, 1, 1), datetime.date(2026, 12, 1), datetime.date(2032, 11, 20)])
@pytest.mark.parametrize("parts", [2, 5, 12, 53])
def test_every_part_comes_once_in_as_many_weeks_also_over_a_new_year(first: datetime.date, parts: int) -> None:
    weeks = [subset_of("subset", None, parts, first + datetime.timedelta(weeks=number)) for number in range(parts)]
    assert sorted(weeks) == sorted(f"{number}/{parts}" for number in range(1, parts + 1))


def test_the_part_moves_on_on_mondays() -> None:
    monday = datetime.date(2026, 11, 16)
    assert len({subset_of("subset", None, 12, monday + datetime.timedelta(days=number)) for number in range(7)}) == 1
    assert subset_of("subset", None, 12, monday) != subset_of("subset", None, 12, monday - datetime.timedelta(days=1))


@pytest.mark.parametrize(
    ("subset", "machine", "expected"),
    [
        ("", False, ["check"]),
        ("all", True, ["check", "--json", "--read-data"]),
        ("1/2", True, ["check", "--json", "--read-data-subset=1/2"]),
    ],
)
def test_the_arguments(subset: str, machine: bool, expected: list[str]) -> None:
    assert check_arguments(subset, machine=machine) == expected


ADVICE_17 = f"""
The repository contains damaged pack files. These damaged files must be removed to repair the repository.

restic repair packs {PACK}
restic repair snapshots --forget

Damaged pack files can be caused by backend problems, hardware problems or bugs in restic.
Fatal: repository contains errors
"""

# version, what restic gave, number of errors, broken packs, suggestions
FINDINGS = [
    ("0.14.0", Result(0, "no errors were found\n", ""), 0, [], []),
    ("0.18.1", Result(0, summary(0), ""), 0, [], []),
    ("0.14.0", Result(0, "", "unable to create temporary directory for cache during check, disabling cache: stat /x\n"), 0, [], []),
    (
        "0.14.0",
        Result(0, "2 additional files were found\nThis is non-critical, you can run `restic prune` to correct this.\n", ""),
        0,
        [],
        ["restic prune"],
    ),
    ("0.18.1", Result(0, summary(0, suggest_prune=True), ""), 0, [], ["restic prune"]),
    ("0.14.0", Result(1, "", f"pack {PACK}: does not exist\nFatal: repository contains errors\n"), 1, [PACK], []),
    ("0.18.1", Result(1, summary(1), error(f"pack {PACK}: does not exist\n") + error("\nThe repository is damaged") + END), 1, [PACK], []),
    (
        "0.14.0",
        Result(
            1, "", f"{RETRY}{RETRY}pack {PACK} failed to download: StreamPack: ReadFull: unexpected EOF\nFatal: repository contains errors"
        ),
        1,
        [PACK],
        [],
    ),
    ("0.14.0", Result(1, "", f"Pack ID does not match, want {PACK}, got 53a2\nFatal: repository contains errors"), 1, [PACK], []),
    (
        "0.14.0",
        Result(1, "", 'error for tree 1a2b3c4d:\n  tree 1a2b: file "x" blob 0 not found in index\nFatal: repository contains errors'),
        1,
        [],
        [],
    ),
    (
        "0.18.1",
        Result(
            1,
            summary(2, [PACK]),
            error(f"pack {PACK}: unexpected file size: got 2, expected 9\n")
            + "Load(<data/d366847040>, 900394, 0) failed: file is too short\n"
            + error("download error: file is too short\n")
            + error("\nThe repository contains damaged pack files.\n\n")
            + error(f"restic repair packs {PACK}\nrestic repair snapshots --forget\n\n")
            + error("Damaged pack files can be caused by backend problems\n")
            + END,
        ),
        2,
        [PACK],
        [f"restic repair packs {PACK}", "restic repair snapshots --forget"],
    ),
    (
        "0.17.3",
        Result(1, "", f"pack {PACK}: unexpected file size: got 200000, expected 900394\n{ADVICE_17}"),
        1,
        [PACK],
        [f"restic repair packs {PACK}", "restic repair snapshots --forget"],
    ),
    # Errors of some kinds are not in the number of 0.18.
    ("0.18.1", Result(1, summary(0), error("error: something unknown\n") + END), 1, [], []),
    ("0.14.0", Result(1, "", "error: error loading index 75fa: invalid data returned\nFatal: LoadIndex returned errors"), 1, [], []),
    ("0.14.0", Result(1, "", "Fatal: load <snapshot/34873e29>: invalid data returned"), 1, [], []),
]


@pytest.mark.parametrize(("version", "result", "errors", "packs", "suggestions"), FINDINGS)
def test_what_restic_found(version: str, result: Result, errors: int, packs: list[str], suggestions: list[str]) -> None:
    found = run_check(Answers(result, version=version).restic, "")
    assert (found.num_errors, list(found.broken_packs), list(found.suggestions)) == (errors, packs, suggestions)
    assert (len(found.errors) > 0) == (errors > 0)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Result(12, "", "Fatal: wrong password or no key found"), "wrong_password"),
        (Result(1, "", "Fatal: wrong password or no key found"), "wrong_password"),
        (Result(1, "", "Fatal: unable to create lock in backend: repository is already locked by PID 7 on h by root"), "locked"),
        (Result(1, "", "dial tcp 127.0.0.1:1: connect: connection refused"), "unreachable"),
        (Result(1, "", "Fatal: unknown flag"), "failed"),
        (Result(2, "", "panic: runtime error"), "failed"),
    ],
)
def test_a_check_that_could_not_be_made_is_no_finding(result: Result, kind: str) -> None:
    with pytest.raises(ResticError) as caught:
        run_check(Answers(result, version="0.14.0").restic, "")
    assert caught.value.error == kind
