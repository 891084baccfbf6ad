# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The one error that the builder raises on purpose."""

from __future__ import annotations


class BuildError(Exception):
    """A failure that a person can act on; its text is one clear sentence."""
