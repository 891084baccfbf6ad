# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/env.sh: Compose is taken from elsewhere only where the distribution has none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
ENVIRONMENT = (REPOSITORY / "scripts" / "env.sh").read_text()


@pytest.mark.parametrize(
    ("distribution", "version", "packaged"),
    [("debian", "12", False), ("debian", "13", True), ("ubuntu", "22.04", True), ("ubuntu", "24.04", True), ("arch", "", False)],
)
def test_distribution_has_a_package_of_compose(tmp_path: Path, distribution: str, version: str, packaged: bool) -> None:
    release = tmp_path / "os-release"
    release.write_text(f'ID={distribution}\nVERSION_ID="{version}"\n')
    function = ENVIRONMENT[ENVIRONMENT.index("compose_is_packaged() (") :].partition("\n)\n")[0]
    script = f"set -euo pipefail\nREPOSITORY={REPOSITORY}\n{function}\n)\ncompose_is_packaged {release}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode == 0, done.stderr) == (packaged, "")
