# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The targets that a site can have. A new one is one line here, one file of that name next to this one, and one role target_<name>."""

from __future__ import annotations

import importlib

from .target import Target

NAMES = (
    "compose",
)  # fmt: skip

TARGETS: dict[str, Target] = {name: importlib.import_module(f".{name}", __package__).TARGET for name in NAMES}
