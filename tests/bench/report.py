# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Medians, and the tables that the benchmark prints."""

from __future__ import annotations

import statistics
import typing as t

if t.TYPE_CHECKING:
    from wrk import Sample


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
