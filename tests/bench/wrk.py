# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Runs wrk against one page."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).with_name("load.lua")


@dataclasses.dataclass(frozen=True)
class Page:
    """A page under load: its address, a text of every good answer, and one cookie per client (none for new sessions)."""

    url: str
    marker: str
    cookies: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: good pages per second, 95th percentile in milliseconds, answers that were not good."""

    rate: float
    p95: float
    errors: int


def measure(page: Page, clients: int, seconds: int) -> Sample:
    """Load a page with as many clients as asked for, each with a connection and, where the page has them, a login of its own."""
    done = subprocess.run(
        [
            "wrk",
            *("--threads", str(clients), "--connections", str(clients), "--duration", f"{seconds}s", "--timeout", "30s"),
            *("--script", str(SCRIPT), page.url, "--", page.marker, *page.cookies[:clients]),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds + 90,
        check=True,
    )
    facts = json.loads(done.stdout.splitlines()[-1])
    return Sample(facts["good"] / facts["seconds"], facts["p95"], facts["errors"])
