# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""How many PHP workers a container gets, and how it finds out about its limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from runtime import call, run_php

MIB = 1 << 20
GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "cpus", "workers"),
    [
        pytest.param(256 * MIB, 1.0, 2, id="never fewer than two"),
        pytest.param(512 * MIB, 2.0, 4, id="memory decides"),
        pytest.param(1 * GIB, 2.0, 12, id="both agree"),
        pytest.param(8 * GIB, 2.0, 12, id="cpu decides"),
        pytest.param(8 * GIB, 0.5, 3, id="half a cpu"),
        pytest.param(64 * GIB, 16.0, 96, id="large machine"),
    ],
)
def test_workers(memory: int, cpus: float, workers: int) -> None:
    assert call("PoolSize::workers", memory, cpus) == workers


VERSION_2 = {"memory.max": "536870912\n", "cpu.max": "150000 100000\n"}
VERSION_2_FREE = {"memory.max": "max\n", "cpu.max": "max 100000\n"}
VERSION_1 = {
    "memory/memory.limit_in_bytes": "1073741824\n",
    "cpu/cpu.cfs_quota_us": "50000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
}
VERSION_1_FREE = {
    "memory/memory.limit_in_bytes": "9223372036854771712\n",
    "cpu/cpu.cfs_quota_us": "-1\n",
    "cpu/cpu.cfs_period_us": "100000\n",
}


@pytest.mark.parametrize(
    ("files", "memory", "cpus"),
    [
        pytest.param(VERSION_2, 512 * MIB, 1.5, id="version 2"),
        pytest.param(VERSION_2_FREE, 4 * GIB, 4.0, id="version 2 without limits"),
        pytest.param(VERSION_1, 1 * GIB, 0.5, id="version 1"),
        pytest.param(VERSION_1_FREE, 4 * GIB, 4.0, id="version 1 without limits"),
        pytest.param({}, 4 * GIB, 4.0, id="no control groups"),
    ],
)
def test_limits(tmp_path: Path, files: dict[str, str], memory: int, cpus: float) -> None:
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "meminfo").write_text(f"MemTotal:       {4 * GIB // 1024} kB\nMemFree: 1 kB\n")
    (proc / "cpuinfo").write_text("".join(f"processor\t: {number}\nmodel name\t: x\n\n" for number in range(4)))
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert run_php("limits.php", str(tmp_path / "cgroup"), str(proc)) == {"memory": memory, "cpus": cpus}
