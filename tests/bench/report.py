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
    """Something measured on both sides, in seconds, and what ours may be: so much of the reference, or so many seconds above it."""

    title: str
    ours: list[float]
    reference: list[float]
    aim: str
    above: bool = False


def alternate(
    title: str, aim: str, rounds: int, ours: t.Callable[[], float], reference: t.Callable[[], float], *, above: bool = False
) -> Row:
    """Measure both sides in turns. Each round begins with the other one, so that neither profits from its place."""
    row = Row(title, [], [], aim, above)
    sides = [(ours, row.ours), (reference, row.reference)]
    for number in range(rounds):
        for measure, seconds in reversed(sides) if number % 2 else sides:
            seconds.append(measure())
        print(f"round {number + 1}: {title}: ours {row.ours[-1]:.3f} s, reference {row.reference[-1]:.3f} s", flush=True)
    return row


def table(rows: t.Iterable[Row]) -> str:
    """Return the medians of the rows."""
    lines = ["| what | ours, s | reference, s | result | aim, at most |", "|---|---|---|---|---|"]
    for row in rows:
        ours, reference = statistics.median(row.ours), statistics.median(row.reference)
        result = f"{ours - reference:.3f} s above" if row.above else ratio(ours, reference)
        lines.append(f"| {row.title} | {ours:.3f} | {reference:.3f} | {result} | {row.aim} |")
    return "\n".join(lines)


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
