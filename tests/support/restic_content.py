# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A restic repository with a known history, for the modules that work on existing snapshots."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import os
import pathlib
import shutil
import tempfile
import typing as t

from support.restic_faults import Repository, local_repository

# Each snapshot of the history: host, tags and day. All have the same content.
HISTORY = [("moodle", "daily", 1), ("moodle", "daily,before-upgrade", 2), ("moodle", "daily", 3), ("other", "weekly", 3)]
FILES = {"filedir/aa/one": 300_000, "filedir/bb/two": 300_000, "filedir/bb/three": 300_000, "notes": 6}


@dataclasses.dataclass
class Filled(Repository):
    """A repository with the snapshots of HISTORY. `source` is the folder that they are of."""

    source: pathlib.Path = pathlib.Path()

    def days(self, host: str) -> list[int]:
        """The days of the snapshots that there are of a host."""
        return sorted(int(row["time"][8:10]) for row in self.snapshots() if row["hostname"] == host)

    def count(self) -> int:
        """The number of snapshots, without asking restic."""
        assert self.folder
        return len(list((self.folder / "snapshots").iterdir()))

    def for_examples(self) -> dict[str, t.Any]:
        """The variables in the examples of the modules."""
        environ = {**self.environ, "RESTIC_CACHE_DIR": str(self.cache), "RESTIC_REST_PASSWORD": f"{self.password}-server"}
        return {"backup_repository": self.url, "backup_password": self.password, "backup_environment": environ}

    def first_on_path(self) -> dict[str, str]:
        """The environment in which the command restic is the one of this repository."""
        programs = self.cache.parent / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "restic").symlink_to(self.binary)
        return {"PATH": f"{programs}:{os.environ['PATH']}"}

    def canaries(self, output: str) -> list[str]:
        """The lines of an output that show a secret."""
        return [line for line in output.splitlines() if self.password in line]

    def largest_pack(self) -> pathlib.Path:
        """The pack file with the content of the files, made writable."""
        assert self.folder
        pack = max((self.folder / "data").glob("*/*"), key=lambda path: path.stat().st_size)
        pack.chmod(0o600)
        return pack


def filled_repository(restic: t.Any, folder: pathlib.Path) -> Filled:
    """Return a repository of its own for a test: a copy of one that was filled once. restic is the fixture of that name."""
    model = _model(restic.path, restic.version)
    repository = local_repository(restic, folder)
    assert repository.folder
    shutil.copytree(str(model.folder), repository.folder)
    return Filled(**{**vars(repository), "password": model.password, "source": model.source})


def files_in(folder: pathlib.Path) -> dict[str, int]:
    """The files below a folder with their sizes."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


@functools.cache
def _model(path: str, version: str) -> Filled:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="restic-filled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = folder / "moodledata"
    for name, size in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(os.urandom(size))
    (source / "link").symlink_to("notes")
    model = Repository(path, version, str(folder / "repository"), folder / "cache", folder / "repository").created()
    for host, tags, day in HISTORY:
        model.restic("backup", "--quiet", f"--host={host}", f"--tag={tags}", f"--time=2026-10-{day:02} 03:00:00", str(source))
    return Filled(**vars(model), source=source)
