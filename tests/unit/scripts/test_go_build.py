# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/go_build.sh: builds once, never leaves half a file, and says what is missing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "scripts" / "go_build.sh"
BINARIES = {"docker-compose": "docker-compose-v2.40.3", "mailhog": "mailhog-1.0.1"}
# A Go that writes down how it was called and "builds" what -o names.
GO = """#!/bin/sh
case "$1" in env) echo {version}; exit 0;; esac
echo "$GOFLAGS $CGO_ENABLED $*" >>"{log}"
while [ "$1" != -o ]; do shift; done
echo binary >"$2"
exit {status}
"""


def run(home: Path, *arguments: str, go: str | None = "go1.26.6", status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the script with an empty cache below `home` and a made-up Go (None for no Go at all)."""
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    if go:
        (programs / "go").write_text(GO.format(version=go, log=home / "log", status=status))
        (programs / "go").chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "MOODLE_CACHE": str(home / "cache"), "HOME": str(home)}
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


def test_version_is_stamped(tmp_path: Path) -> None:
    run(tmp_path, "docker-compose")
    assert "internal.Version=v2.40.3" in (tmp_path / "log").read_text()


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


@pytest.mark.parametrize("name", BINARIES)
def test_lock_has_hashes_and_no_addresses(name: str) -> None:
    locked = REPOSITORY / "tools" / "go" / name
    lines = (locked / "go.sum").read_text().splitlines()
    assert all(line.split()[2].startswith("h1:") for line in lines)
    assert "://" not in "".join(lines) + (locked / "go.mod").read_text()
