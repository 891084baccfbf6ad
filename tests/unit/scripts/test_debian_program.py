# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/debian_program.sh: takes what is pinned out of a real package, and says what to do where that cannot be had.

apt's two commands are made up, since these tests reach no archive; but one asks the real apt about an archive that nobody signed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "scripts" / "debian_program.sh"
TABLE = [line.split("|") for line in SCRIPT.read_text().partition("PROGRAMS='\n")[2].partition("\n'")[0].splitlines()]

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="this machine has no dpkg to make packages with")

# The folder of the archive has a file for each suite, with the versions that it has, and packages. What is asked is written down.
# Options come in the order that the script gives them: -c CONFIGURATION COMMAND.
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"{home}/log"
if [ "$1" = indextargets ]; then
  echo "Debian Debian-Security http://mirror.test/security"
  echo "Debian Debian http://mirror.test/debian"
  exit
fi
suite=$(basename "$(dirname "$2")")
case "$3" in
  update) [ -e "{home}/archive/$suite" ] || {{ echo "E: no network" >&2; exit 100; }}; cp "{home}/archive/$suite" "$(dirname "$2")/read" ;;
  download) for word; do :; done; cp "{home}/archive/$word.deb" . ;;
esac
"""
APT_CACHE = """#!/bin/sh
[ ! -e "$(dirname "$2")/read" ] || sed 's/^/ restic | /; s/$/ | http:\\/\\/mirror.test main/' "$(dirname "$2")/read"
"""


class Archive:
    """An archive with packages of restic, an empty cache, and commands that read the archive.

    Args:
        home: where all of that lies.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.programs = home / "cache" / "bin"
        for folder in ("archive", "commands"):
            (home / folder).mkdir()
        for name, text in (("apt-get", APT_GET), ("apt-cache", APT_CACHE)):
            (home / "commands" / name).write_text(text.format(home=home))
            (home / "commands" / name).chmod(0o755)

    def suite(self, name: str, *versions: str) -> None:
        """Let a suite have these versions."""
        (self.home / "archive" / name).write_text("".join(f"{version}\n" for version in versions))

    def package(self, version: str, program: str = "echo restic", path: str = "usr/bin/restic") -> None:
        """Make a package of a version, whose program is a shell script."""
        tree = self.home / "tree" / version
        control = f"Package: restic\nVersion: {version}\nArchitecture: all\nMaintainer: Tests <tests@example.org>\nDescription: test\n"
        for file, text in ((path, f"#!/bin/sh\n{program}\n"), ("DEBIAN/control", control)):
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_text(text)
        (tree / path).chmod(0o755)
        made = self.home / "archive" / f"restic={version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(made)], stdout=subprocess.DEVNULL, check=True)

    def run(self, *arguments: str, fake: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script with this archive, or with the machine's own apt."""
        path = f"{self.home / 'commands'}:{os.environ['PATH']}" if fake else os.environ["PATH"]
        variables = {"PATH": path, "HOME": str(self.home), "MOODLE_CACHE": str(self.home / "cache"), **environment}
        return subprocess.run([str(SCRIPT), *arguments], env=variables, capture_output=True, text=True, check=False)

    def asked(self, command: str) -> list[str]:
        """Return the calls of an apt-get command."""
        log = self.home / "log"
        return [line for line in log.read_text().splitlines() if f" {command}" in line] if log.exists() else []

    def left(self) -> list[str]:
        """Return the names of what is in the folder of the programs."""
        return sorted(path.name for path in self.programs.iterdir())


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive without suites."""
    return Archive(tmp_path)


def test_takes_the_pinned_version_once(archive: Archive) -> None:
    archive.suite("forky", "0.20.0-1", "0.19.1-1")
    archive.package("0.19.1-1", "echo restic 0.19.1")
    path = archive.programs / "restic-0.19.1-1"
    first = archive.run("restic", str(archive.home / "copy" / "tool"))
    assert (first.returncode, first.stdout) == (0, f"{path}\n"), first.stderr
    assert "out of restic_0.19.1-1" in first.stderr.replace("restic=", "restic_")
    assert subprocess.run([archive.home / "copy" / "tool"], stdout=subprocess.PIPE, text=True, check=True).stdout == "restic 0.19.1\n"
    assert archive.run("restic").stdout == f"{path}\n"
    assert (len(archive.asked("update")), len(archive.asked("download"))) == (1, 1)
    assert archive.left() == ["restic-0.19.1-1"]
    sources = (archive.home / "cache" / "apt" / "forky" / "debian.sources").read_text()
    assert "URIs: http://mirror.test/debian\n" in sources
    assert "Suites: forky\n" in sources


def test_mirror_can_be_named(archive: Archive) -> None:
    archive.suite("forky", "0.19.1-1")
    archive.package("0.19.1-1")
    assert archive.run("restic", MOODLE_DEBIAN_MIRROR="http://other.test/debian").returncode == 0
    assert "URIs: http://other.test/debian\n" in (archive.home / "cache" / "apt" / "forky" / "debian.sources").read_text()


@pytest.mark.parametrize("version", ["0.19.1-1+b4", "0.19.1-1+deb14u2"])
def test_rebuild_and_update_count_as_the_pinned_version(archive: Archive, version: str) -> None:
    archive.suite("forky", version)
    archive.package(version)
    done = archive.run("restic")
    assert (done.returncode, archive.left()) == (0, ["restic-0.19.1-1"]), done.stderr


@pytest.mark.parametrize("forky", [["0.20.0-1", "0.19.1-10", "0.19.1-1.1"], []], ids=["moved on", "not on the mirror"])
def test_released_suite_stands_in_for_one_that_moved_on(archive: Archive, forky: list[str]) -> None:
    if forky:
        archive.suite("forky", *forky)
    archive.suite("trixie", "0.18.0-1+b4")
    archive.package("0.18.0-1+b4")
    done = archive.run("restic")
    assert (done.returncode, archive.left()) == (0, ["restic-0.18.0-1"]), done.stderr
    assert f"restic: {'forky has' if forky else 'the lists of forky could not be read'}" in done.stderr
    assert "restic-0.18.0-1 out of restic" in done.stderr
    assert archive.run("restic").stdout == f"{archive.programs / 'restic-0.18.0-1'}\n"


def test_lists_that_are_too_old_are_read_again(archive: Archive) -> None:
    archive.suite("forky", "0.19.1-1")
    archive.package("0.19.1-1")
    state = archive.home / "cache" / "apt" / "forky"
    state.mkdir(parents=True)
    (state / "read").write_text("0.17.0-1\n")
    assert archive.run("restic").returncode == 0
    (archive.programs / "restic-0.19.1-1").unlink()
    assert archive.run("restic").returncode == 0
    assert len(archive.asked("update")) == 1


def test_says_what_there_is_where_no_version_can_be_had(archive: Archive) -> None:
    archive.suite("forky", "0.21.0-1", "0.20.0-1")
    done = archive.run("restic")
    assert (done.returncode, archive.left()) == (1, [])
    assert done.stderr.splitlines()[-1] == (
        "error: restic cannot be had from http://mirror.test/debian (forky has 0.21.0-1 0.20.0-1, not 0.19.1-1; "
        "the lists of trixie could not be read). A newer checkout may name another version; MOODLE_DEBIAN_MIRROR names another mirror"
    )
    assert "E: no network" in done.stderr


@pytest.mark.parametrize(
    ("package", "sentence"),
    [
        ({"program": "echo first; echo GLIBC_9.9 not found >&2; exit 1"}, "does not run on this machine: GLIBC_9.9 not found"),
        ({"path": "usr/bin/other"}, "has no file usr/bin/restic"),
    ],
)
def test_program_that_is_no_good_is_not_kept(archive: Archive, package: dict[str, str], sentence: str) -> None:
    archive.suite("forky", "0.19.1-1")
    archive.package("0.19.1-1", **package)
    done = archive.run("restic")
    assert (done.returncode, archive.left()) == (1, [])
    assert done.stderr.rstrip().endswith(sentence)


def test_two_runs_take_turns(archive: Archive) -> None:
    archive.suite("forky", "0.19.1-1")
    archive.package("0.19.1-1")
    with ThreadPoolExecutor() as both:
        done = [future.result() for future in [both.submit(archive.run, "restic") for _ in range(2)]]
    assert {one.returncode for one in done} == {0}
    assert len(archive.asked("download")) == 1


@pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")
def test_the_real_apt_refuses_an_archive_without_signature(archive: Archive) -> None:
    for suite in ("forky", "trixie"):
        (archive.home / "debian" / "dists" / suite).mkdir(parents=True)
        (archive.home / "debian" / "dists" / suite / "Release").write_text(f"Origin: Debian\nCodename: {suite}\n")
    done = archive.run("restic", fake=False, MOODLE_DEBIAN_MIRROR=f"file:{archive.home}/debian")
    assert (done.returncode, archive.left()) == (1, [])
    assert "is not signed" in done.stderr
    assert "(the lists of forky could not be read; the lists of trixie could not be read)" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [(), ("unknown",), ("docker.compose",)])
def test_bad_usage(archive: Archive, arguments: tuple[str, ...]) -> None:
    assert archive.run(*arguments).returncode == 2


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_row_ends_with_a_released_suite(row: list[str]) -> None:
    """What is pinned of a suite that moves on goes one day, and nobody's set-up may end then."""
    released = {"trixie"}
    assert row[4].split()[-1].partition("=")[0] in released
    assert all("=" in pin for pin in row[4].split())
