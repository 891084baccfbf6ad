# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Medians, and the tables that the benchmark prints."""

from __future__ import annotations

import os
import statistics
import typing as t

if t.TYPE_CHECKING:
    from wrk import Sample


class Row(t.NamedTuple):
    """Seconds that were measured in turns.

    samples are those of "ours", and of "reference", "nothing" or both: nothing is what is there before any work, such as the start of
    Python. The reference has that too, unless it is plain. Without a reference the aim is about the seconds above nothing.
    """

    title: str
    aim: str
    samples: dict[str, list[float]]
    plain: bool

    @property
    def cells(self) -> list[str]:
        """The medians, and what they say."""
        medians = {who: statistics.median(seconds) for who, seconds in self.samples.items()}
        ours, reference, nothing = (medians.get(who) for who in ("ours", "reference", "nothing"))
        assert ours is not None
        work = ours - (nothing or 0)
        shown = ["-" if value is None else f"{value:.3f}" for value in (ours, reference, nothing)]
        if reference is None:
            return [self.title, *shown, f"{work:.3f} s", "-", self.aim]
        above = "-" if nothing is None else ratio(work, reference if self.plain else reference - nothing)
        return [self.title, *shown, ratio(ours, reference), above, self.aim]


def alternate(title: str, aim: str, rounds: int, *, plain: bool = False, **sides: t.Callable[[], float]) -> Row:
    """Measure all sides in turns; see Row. Each second round goes backwards, so that nobody profits from its place."""
    row = Row(title, aim, {who: [] for who in sides}, plain)
    for number in range(rounds):
        for who in reversed(sides) if number % 2 else sides:
            row.samples[who].append(sides[who]())
        print(f"round {number + 1}: {title}:", ", ".join(f"{who} {row.samples[who][-1]:.3f} s" for who in sides), flush=True)
    return row


def table(rows: t.Iterable[Row]) -> str:
    """Return the medians of the rows."""
    head = ["what", "ours, s", "reference, s", "nothing, s", "result", "above nothing", "aim, at most"]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *(row.cells for row in rows)))


def load_line() -> str:
    """Return how busy the machine is, for the reader to judge the figures by."""
    averages = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return f"load of the machine in the last 1, 5 and 15 minutes: {averages}, on {os.cpu_count()} processors"


def median_line(title: str, seconds: list[float], aim: str) -> str:
    """Return one line about a duration."""
    values = " ".join(f"{value:.2f}" for value in seconds)
    return f"{title}: median {statistics.median(seconds):.2f} s (runs: {values}; aim: {aim})"


def comparison(rows: t.Mapping[tuple[str, int], t.Mapping[str, list[Sample]]]) -> str:
    """Return the table of the load cells; rows maps (page, clients) to the samples of "ours" and "reference"."""
    lines = [
        "| page | clients | ours, pages/s | reference, pages/s | ratio | ours, p95 ms | reference, p95 ms | ratio | errors |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (page, clients), samples in rows.items():
        rate = {who: statistics.median(sample.rate for sample in samples[who]) for who in samples}
        p95 = {who: statistics.median(sample.p95 for sample in samples[who]) for who in samples}
        errors = {who: sum(sample.errors for sample in samples[who]) for who in samples}
        lines.append(
            f"| {page} | {clients} | {rate['ours']:.1f} | {rate['reference']:.1f} | {ratio(rate['ours'], rate['reference'])} "
            f"| {p95['ours']:.0f} | {p95['reference']:.0f} | {ratio(p95['ours'], p95['reference'])} "
            f"| {errors['ours']} / {errors['reference']} |"
        )
    return "\n".join(lines)


def ratio(ours: float, reference: float) -> str:
    """Return ours in units of the reference."""
    return f"{ours / reference:.2f}" if reference else "-"
