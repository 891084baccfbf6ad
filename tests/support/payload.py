# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The code that the sites of a run are made of: real Moodle, or the rehearsal payload."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import typing as t

from support import REPOSITORY

PACKER = REPOSITORY / "tests" / "rehearsal" / "pack.py"
FINDER = REPOSITORY / "scripts" / "moodle_archive.py"
CLASSIC, PUBLIC = "4.5", "5.1"


@dataclasses.dataclass(frozen=True)
class Archive:
    """One release of the payload, as the variables of a site that runs it."""

    branch: str
    path: str
    sha256: str | None = None

    @property
    def variables(self) -> dict[str, t.Any]:
        """The moodle_* variables that choose this release; None removes one."""
        return {
            "moodle_branch": self.branch,
            "moodle_source": self.path,
            "moodle_archive_sha256": self.sha256,
            # Real Moodle may be given in an old release, to be upgraded.
            "moodle_allow_unsupported_branch": None if self.branch in (CLASSIC, PUBLIC) else True,
        }


@dataclasses.dataclass(frozen=True)
class Payload:
    """Releases of one payload.

    base is what the site starts with. code differs in code only; patch has a new version, but no part of the database changes;
    schema changes the database too; public has the layout of 5.1 and later. None where the payload has no such release, and
    missing says why. adhoc_task is the class of a task that can be queued without data and does no harm.
    """

    kind: str
    adhoc_task: str
    base: Archive
    code: Archive | None
    patch: Archive | None
    schema: Archive | None
    public: Archive | None
    missing: str = ""


def pack(folder: pathlib.Path, branch: str, release: str, *options: str) -> Archive:
    """Pack a release of the rehearsal payload."""
    done = subprocess.run(
        [sys.executable, str(PACKER), "--branch", branch, "--release", release, "--output", str(folder), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"the rehearsal payload could not be packed: {done.stderr}"
    facts = json.loads(done.stdout.splitlines()[-1])
    return Archive(branch, facts["path"], facts["sha256"])


def rehearsal(folder: pathlib.Path) -> Payload:
    """Pack all releases of the rehearsal payload that the tests use."""
    return Payload(
        kind="rehearsal",
        adhoc_task="\\tool_generator\\task\\wait_task",
        base=pack(folder, CLASSIC, "4.5.1"),
        code=pack(folder / "code", CLASSIC, "4.5.1", "--code-only", "2"),
        patch=pack(folder, CLASSIC, "4.5.2"),
        schema=pack(folder, CLASSIC, "4.5.3", "--schema", "2"),
        public=pack(folder, PUBLIC, "5.1.1"),
    )


def given(path: str, branch: str) -> Archive | None:
    """Return the release that two environment variables name, None where the first one is empty."""
    value = os.environ.get(path)
    return Archive(os.environ.get(branch, CLASSIC), str(pathlib.Path(value).resolve())) if value else None


@functools.cache
def real_base() -> Archive | None:
    """Return the release that MOODLE_SOURCE names, else the official archive that somebody put into the cache's folder.

    What earlier runs downloaded does not count: it would decide what is tested without anybody having asked for it.
    """
    branch = os.environ.get("MOODLE_BRANCH", CLASSIC)
    if named := given("MOODLE_SOURCE", "MOODLE_BRANCH"):
        return named
    done = subprocess.run([sys.executable, str(FINDER), branch], stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    return Archive(branch, **json.loads(done.stdout)) if done.stdout else None


def real_moodle(folder: pathlib.Path) -> Payload:
    """Take real Moodle from MOODLE_SOURCE or from the cache, and a newer one from MOODLE_SOURCE_UPGRADE."""
    base, newer = take_base("moodle", folder), given("MOODLE_SOURCE_UPGRADE", "MOODLE_BRANCH_UPGRADE")
    return Payload(
        kind="moodle",
        adhoc_task="\\core\\task\\refresh_mod_calendar_events_task",
        base=base,
        code=Archive(base.branch, str(with_another_file(base.path, folder))),
        patch=None,
        schema=newer,
        public=None,
        missing="real Moodle runs, and MOODLE_SOURCE_UPGRADE names no second release of it",
    )


def take_base(kind: str, folder: pathlib.Path) -> Archive:
    """Return just one release of a payload."""
    if kind == "rehearsal":
        return pack(folder, CLASSIC, "4.5.1")
    base = real_base()
    assert base, "MOODLE_SOURCE names no archive or directory of real Moodle, and MOODLE_CACHE holds no archive of it"
    return base


def unpack(source: str, target: pathlib.Path) -> pathlib.Path:
    """Copy the code in an archive or a folder to a folder of its own, without the top folder that archives have."""
    if pathlib.Path(source).is_dir():
        shutil.copytree(source, target, symlinks=True)
        return target
    with tarfile.open(source) as archive:
        archive.extractall(target, filter="data")
    top = list(target.iterdir())
    return top[0] if len(top) == 1 else target


def with_another_file(source: str, folder: pathlib.Path) -> pathlib.Path:
    """Pack the same release with one more file: a change of code that Moodle's database knows nothing about."""
    code = unpack(source, folder / "changed")
    (code / "e2e-change.txt").write_text("A file that no plugin owns.", encoding="utf-8")
    target = folder / "moodle-changed.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        archive.add(code, "moodle")
    shutil.rmtree(folder / "changed")
    return target


def choose(option: str) -> str:
    """Return moodle or rehearsal for the value of --e2e-payload."""
    if option != "auto":
        return option
    return "moodle" if real_base() else "rehearsal"


def describe(kind: str) -> str:
    """Return a payload in words, for the last line of a run."""
    base = real_base()
    return f"real Moodle, {base.path}" if kind == "moodle" and base else "the rehearsal payload (no real Moodle took part)"
