# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Sizes as people read them."""

from __future__ import annotations

GIGABYTE = 1024**3


def in_gigabytes(size: float) -> str:
    """Return a number of bytes for people."""
    return f"{size / GIGABYTE:.1f} GB"
