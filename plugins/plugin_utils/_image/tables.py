# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The tables of the site image that the control node reads too, so that both see them alike."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

ETC = Path(__file__).resolve().parents[3] / "roles" / "image" / "files" / "rootfs" / "opt" / "campus-moodle" / "etc"


def table_of(name: str) -> dict[str, t.Any]:
    """Return the table in a file, such as secret-names.json."""
    return dict(json.loads((ETC / name).read_text(encoding="utf-8")))
