# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/go_build.sh: builds once, never leaves half a file, and says what is missing."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "scripts" / "go_build.sh"
BINARIES = {
    "mailhog": "mailhog-1.0.1",
    "kube-apiserver": "kube-apiserver-1.34.1",
    "helm3": "helm3-3.22.0",
    "helm4": "helm4-4.3.1",
    "versitygw": "versitygw-1.8.0",
}
LOCKED = [*BINARIES, "cloudnative-pg"]
# A Go that writes down how it was called and "builds" what -o names.
GO = """#!/bin/sh
case "$1" in env) echo {version}; exit 0;; list) echo /folder; exit 0;; esac
echo "$GOFLAGS $CGO_ENABLED $*" >>"{log}"
sleep {seconds}
while [ $# -gt 1 ] && [ "$1" != -o ]; do shift; done
[ $# -gt 1 ] && echo binary >"$2"
exit {status}
"""


def run(
    home: Path, *arguments: str, go: str | None = "go1.26.6", status: int = 0, seconds: float = 0, patience: float = 20
) -> subprocess.CompletedProcess[str]:
    """Run the script with an empty cache below `home` and a made-up Go (None for no Go at all)."""
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    if go:
        (programs / "go").write_text(GO.format(version=go, log=home / "log", status=status, seconds=seconds))
        (programs / "go").chmod(0o755)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "MOODLE_CACHE": str(home / "cache"),
        "HOME": str(home),
        "GO_BUILD_PATIENCE": str(patience),
    }
    return subprocess.run([str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "binary"), BINARIES.items())
def test_builds_once_and_prints_the_path(tmp_path: Path, name: str, binary: str) -> None:
    first = run(tmp_path, name, str(tmp_path / "copy" / "tool"))
    path = tmp_path / "cache" / "bin" / binary
    assert (first.returncode, first.stdout) == (0, f"{path}\n")
    assert os.access(tmp_path / "copy" / "tool", os.X_OK)
    assert run(tmp_path, name).stdout == f"{path}\n"
    calls = (tmp_path / "log").read_text().splitlines()
    assert len(calls) == 1
    assert calls[0].startswith("-mod=readonly 0 build -trimpath")
    assert [entry.name for entry in path.parent.iterdir()] == [binary]


def test_long_build_says_how_long_it_takes(tmp_path: Path) -> None:
    """Nothing but the path is on standard output, and no line comes after the end."""
    done = run(tmp_path, "versitygw", seconds=0.7, patience=0.2)
    lines = done.stderr.splitlines()
    assert done.stdout.splitlines() == [str(tmp_path / "cache" / "bin" / BINARIES["versitygw"])]
    assert [line for line in lines if re.fullmatch(r"  versitygw v1\.8\.0: \d+ s", line)]
    assert re.fullmatch(r"built \S+/versitygw-1\.8\.0 in \d+ s", lines[-1])


def test_second_build_of_the_same_program_waits_for_the_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as both:
        done = [future.result() for future in [both.submit(run, tmp_path, "mailhog", seconds=1) for _ in range(2)]]
    assert {one.stdout for one in done} == {f"{tmp_path}/cache/bin/mailhog-1.0.1\n"}
    assert "waiting for another build of mailhog v1.0.1" in "".join(one.stderr for one in done)
    assert len((tmp_path / "log").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        ("versitygw", "main.Version=v1.8.0"),
        ("kube-apiserver", "version.gitVersion=v1.34.1"),
        ("helm3", "helm/v3/internal/version.version=v3.22.0"),
        ("helm4", "helm/v4/internal/version.version=v4.3.1"),
    ],
)
def test_version_is_stamped(tmp_path: Path, name: str, stamp: str) -> None:
    run(tmp_path, name)
    assert stamp in (tmp_path / "log").read_text()


def test_files_of_a_module_are_fetched_and_their_folder_is_printed(tmp_path: Path) -> None:
    done = run(tmp_path, "cloudnative-pg")
    assert (done.returncode, done.stdout) == (0, "/folder\n")
    assert "mod download github.com/cloudnative-pg/cloudnative-pg" in (tmp_path / "log").read_text()
    failed = run(tmp_path, "cloudnative-pg", status=1)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "fetching github.com/cloudnative-pg/cloudnative-pg v1.29.1 failed" in failed.stderr


@pytest.mark.parametrize(
    ("go", "status", "sentence"),
    [
        (None, 0, "there is no go command here"),
        ("go1.19.8", 0, "this one is 1.19.8"),
        ("go1.26.6", 1, "building mailhog v1.0.1 failed"),
    ],
)
def test_says_why_it_cannot_build(tmp_path: Path, go: str | None, status: int, sentence: str) -> None:
    if go is None and any(Path(folder, "go").exists() for folder in ["/usr/bin", "/bin"]):
        pytest.skip("this machine has a Go in a system folder, so its absence cannot be shown")
    done = run(tmp_path, "mailhog", go=go, status=status)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert list(tmp_path.glob("cache/bin/*")) == []


@pytest.mark.parametrize("arguments", [(), ("unknown",), ("docker.compose",)])
def test_bad_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, *arguments).returncode == 2


@pytest.mark.parametrize("name", LOCKED)
def test_lock_has_hashes_and_no_addresses(name: str) -> None:
    locked = REPOSITORY / "tools" / "go" / name
    lines = (locked / "go.sum").read_text().splitlines()
    assert all(line.split()[2].startswith("h1:") for line in lines)
    assert "://" not in "".join(lines) + (locked / "go.mod").read_text()


def test_setup_installs_a_go_that_is_new_enough_for_all() -> None:
    minimum = re.search(r"^GO_MINIMUM=(\S+)", (REPOSITORY / "scripts" / "setup.sh").read_text(), re.MULTILINE)
    needed = [re.search(r"^go (\S+)", path.read_text(), re.MULTILINE) for path in REPOSITORY.glob("tools/go/*/go.mod")]
    assert minimum
    assert minimum[1] == max((found[1] for found in needed if found), key=lambda version: [int(part) for part in version.split(".")])
