# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The targets that a site can have. A new one is one line here, one file next to this one, and one role target_<name>."""

from __future__ import annotations

from . import compose
from .target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        compose.TARGET,
    )
}  # fmt: skip
