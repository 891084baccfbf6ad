# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Makefile, scripts/test.sh and the workflow: the same tiers everywhere, and a driver that hides nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.wait import wait_for

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPTS = REPOSITORY / "scripts"
RECIPES = dict(re.findall(r"^([a-z0-9-]+):.*\n\t(.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
# All that `make test` runs where nothing was said about changes.
TIERS = re.fullmatch(r"scripts/test\.sh \$\(if \$\(CHANGED\),changed,([a-z0-9 ]+)\)", RECIPES["test"])[1].split()


def bash(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-euc", script], env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_workflow_runs_what_make_test_runs() -> None:
    matrix = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert [RECIPES[target].split()[0:] for target in matrix["tier"]] == [
        ["scripts/build.sh"] if tier == "build" else ["scripts/test.sh", tier] for tier in TIERS
    ]


@pytest.mark.parametrize("tier", ["lint", "sanity", "unit", *TIERS])
def test_tier_has_steps_that_it_defines(tier: str) -> None:
    collect = 'steps() { local step; for step; do declare -F "$step"; done; }'
    done = bash(f'TIERS="{SCRIPTS}/tiers"; {collect}; . "$TIERS/{tier}.sh"')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()


STEPS = """
bad() { false; true; }
good() { echo good; }
# Each of the two waits for the other.
left() { : >left; until [ -e right ]; do sleep 0.05; done; echo left; }
right() { : >right; until [ -e left ]; do sleep 0.05; done; echo right; }
reported() { printf '%s' "$REPORT" >"$RESULTS/reported.xml"; }
steps bad left right good reported
"""
LONG = """
first() { stay one; }
second() { stay two; }
steps first second
"""
REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_one" name="test_quick" time="0.010"/>
<testcase classname="tests.unit.test_one" name="test_slow[case]" time="12.5"><failure message="no"/></testcase>
<testcase classname="tests.unit.test_one" name="test_other" time="1.0"><error message="no"/></testcase>
<testcase classname="tests.unit.test_one" name="test_left_out" time="0.0"><skipped message="not here"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """scripts/test.sh in a repository of its own, whose one tier has made-up steps and needs nothing of the machine."""
    for name in ("env.sh", "test.sh", "test_summary.py"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        shutil.copy(SCRIPTS / name, tmp_path / "scripts" / name)
    for name in ("dev", "bench"):
        (tmp_path / "requirements").mkdir(exist_ok=True)
        (tmp_path / "requirements" / f"{name}.txt").touch()
    setup = tmp_path / "scripts" / "setup.sh"
    link = 'mkdir -p "$COLLECTIONS/ansible_collections/campus"; ln -sfn "$REPOSITORY" "$COLLECTIONS/ansible_collections/campus/moodle"'
    setup.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{link}\n")
    setup.chmod(0o755)
    (tmp_path / "scripts" / "tiers").mkdir()
    (tmp_path / "scripts" / "tiers" / "made-up.sh").write_text(STEPS)
    return tmp_path / "scripts" / "test.sh"


@pytest.fixture
def done(driver: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """How the made-up tier went."""
    return bash(f"nproc() {{ echo 2; }}; export -f nproc; {driver} made-up", MOODLE_CACHE=str(tmp_path / "cache"), REPORT=REPORT)


def test_a_failed_step_hides_no_other_and_fails_the_run(done: subprocess.CompletedProcess[str]) -> None:
    """bash forgets set -e where it is asked whether a command succeeded, so the step `bad` would pass by its last command."""
    assert done.returncode == 1, done.stderr
    table = dict(line.split(maxsplit=1)[::-1] for line in done.stdout.split("seconds  step\n")[1].split("\n\n")[0].splitlines())
    assert set(table) == {"bad  FAILED", "left", "right", "good", "reported"}
    assert all(seconds.isdigit() for seconds in table.values())


def test_steps_beside_each_other_show_their_output_in_one_piece(done: subprocess.CompletedProcess[str]) -> None:
    said = done.stderr + done.stdout
    assert re.search(r"==> left\nleft\n\n==> left took \d+ s\n", said)
    assert re.search(r"==> right\nright\n\n==> right took \d+ s\n", said)
    assert said.index("==> bad begins") < said.index("==> left begins") < said.index("==> good begins")


def test_a_run_that_is_interrupted_ends_its_steps(driver: Path, tmp_path: Path) -> None:
    """Each step is a process group of its own, which an interrupt at the terminal does not reach."""
    (tmp_path / "scripts/tiers/made-up.sh").write_text('stay() { echo $BASHPID >"$REPOSITORY/$1"; exec sleep 600; }\n' + LONG)
    run = subprocess.Popen([driver, "made-up"], env={**os.environ, "MOODLE_CACHE": str(tmp_path / "cache")}, stderr=subprocess.DEVNULL)
    processes = [wait_for((tmp_path / name).read_text, what=f"the start of step {name}") for name in ("one", "two")]
    run.terminate()
    assert run.wait(20) != 0
    for process in processes:
        wait_for(lambda process=process: not Path("/proc", process.strip()).exists(), what=f"the end of process {process.strip()}")


def test_the_summary_names_the_slowest_tests_and_counts_all(done: subprocess.CompletedProcess[str]) -> None:
    assert re.search(r"slowest of 4 tests.*\n +12\.5  tests/unit/test_one::test_slow\[case\]\n +1\.0  ", done.stdout)
    assert done.stdout.endswith("tests: 1 passed, 2 failed, 1 skipped\nsteps: 4 passed, 1 failed\n")


def test_unknown_tier_is_refused(driver: Path, tmp_path: Path) -> None:
    refused = bash(f"{driver} made-down", MOODLE_CACHE=str(tmp_path / "cache"))
    assert (refused.returncode, refused.stderr) == (1, "error: unknown tier: made-down\n")
