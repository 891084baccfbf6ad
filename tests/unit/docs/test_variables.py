# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""docs/site.md describes every variable of a site, as the role's argument specification does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_the_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "document_variables.py"), "--check"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_variable_is_there() -> None:
    page = (ROOT / "docs" / "site.md").read_text(encoding="utf-8")
    entries = yaml.safe_load((ROOT / "roles/site/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert [name for entry in entries.values() for name in entry["options"] if f"\n| `{name}` |" not in page] == []
