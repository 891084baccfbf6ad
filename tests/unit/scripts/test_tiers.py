# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Makefile, scripts/test.sh and the workflow: the same tiers everywhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
RECIPES = dict(re.findall(r"^([a-z0-9-]+):.*\n\t(.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
TIERS = RECIPES["test"].removeprefix("scripts/test.sh ").split()


def test_workflow_runs_what_make_test_runs() -> None:
    matrix = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert [RECIPES[target].split()[0:] for target in matrix["tier"]] == [
        ["scripts/build.sh"] if tier == "build" else ["scripts/test.sh", tier] for tier in TIERS
    ]


@pytest.mark.parametrize("tier", ["lint", "sanity", "unit", *TIERS])
def test_tier_is_known(tier: str) -> None:
    assert f"[{tier}]=" in (REPOSITORY / "scripts/test.sh").read_text()


def test_step_fails_when_any_of_its_commands_fails(tmp_path: Path) -> None:
    """The loop of test.sh with two made-up steps: bash forgets set -e where it is asked whether a command succeeded."""
    script = (REPOSITORY / "scripts/test.sh").read_text()
    loop = script[script.index("passed=0 failed=()") :]
    steps = "say() { :; }; bad() { false; true; }; good() { true; }; declare -A STEPS=([tier]='bad good')"
    (tmp_path / "test.sh").write_text(f"set -euo pipefail\n{steps}\nset -- tier\n{loop}")
    done = subprocess.run(["bash", str(tmp_path / "test.sh")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "failed: bad\nsteps: 1 passed, 1 failed\n")
