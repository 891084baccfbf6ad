#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Prints how a run of scripts/test.sh went: seconds of each step, the slowest tests, how many passed. Exit status 1 when any failed.

    test_summary.py FOLDER

FOLDER has what the steps left there: the file `steps` with a line "name seconds status" for each, and reports of pytest in JUnit's format.
"""

from __future__ import annotations

import collections
import heapq
import sys
import typing as t
import xml.etree.ElementTree as ET
from pathlib import Path

SLOWEST = 10


class Test(t.NamedTuple):
    """One test: the seconds that it and the fixtures it was the first to ask for took."""

    seconds: float
    name: str
    outcome: str


def outcome_of(case: ET.Element) -> str:
    """Return how a test ended. An error is a failure of a fixture."""
    found = {child.tag for child in case}
    if found & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in found else "passed"


def tests_in(report: Path) -> t.Iterator[Test]:
    """Return the tests of a report, which pytest wrote on this machine."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        name = "::".join((case.get("classname", "").replace(".", "/"), case.get("name", "")))
        yield Test(float(case.get("time", 0)), name, outcome_of(case))


def counted(what: str, outcomes: t.Iterable[str]) -> str:
    """Return what came out of steps or tests, as pytest says it."""
    counts = collections.Counter(outcomes)
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return f"{what}: {counts['passed']} passed, {counts['failed']} failed{skipped}"


def main(folder: Path) -> int:
    """Print the summary; return 1 if a step failed."""
    steps = [line.split() for line in (folder / "steps").read_text(encoding="utf-8").splitlines()]
    outcomes = ["failed" if int(status) else "passed" for _name, _seconds, status in steps]
    print("\nseconds  step")
    for (name, seconds, _status), outcome in zip(steps, outcomes):
        print(f"{seconds:>7}  {name}{'  FAILED' if outcome == 'failed' else ''}")

    tests = [test for report in sorted(folder.glob("*.xml")) for test in tests_in(report)]
    if tests:
        print(f"\nseconds  the slowest of {len(tests)} tests, with the fixtures that they were the first to ask for")
        for test in heapq.nlargest(SLOWEST, tests):
            print(f"{test.seconds:7.1f}  {test.name}")
        print(f"\n{counted('tests', (test.outcome for test in tests))}")
    print(counted("steps", outcomes))
    return int("failed" in outcomes)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
