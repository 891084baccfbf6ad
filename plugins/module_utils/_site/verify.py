# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waits until a site serves, and opens its front page once: the story of site_verify."""

from __future__ import annotations

import time
import typing as t

from . import visitor

POLL_SECONDS = 0.5

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **visitor.ARGUMENTS,
    "timeout": {"type": "int", "default": 60},
}


def run(
    params: t.Mapping[str, t.Any], *, sleep: t.Callable[[float], None] = time.sleep, clock: t.Callable[[], float] = time.monotonic
) -> dict[str, t.Any]:
    """Wait for readiness, then visit the front page."""
    guest = visitor.Visitor.of(params)
    deadline = clock() + params["timeout"]
    reasons = visitor.readiness(guest)
    while reasons and clock() < deadline:
        sleep(POLL_SECONDS)
        reasons = visitor.readiness(guest)
    if reasons:
        raise visitor.VisitError(
            f"The site {params['url']} is not ready: {'; '.join(reasons)}", error="not_ready", ready=False, reasons=reasons
        )
    page = guest.front_page()
    return {"changed": False, "ready": True, "reasons": [], "page": page, "summary": [f"Address    {params['url']} answers with {page}"]}
