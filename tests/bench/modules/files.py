# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""restic_backup beside the command restic, on the same files."""

from __future__ import annotations

import os
import pathlib
import shutil

from cluster import PYTHON, environ_of
from packed import cost_of, packed
from report import Row, alternate
from support.restic_faults import Repository
from support.servers import program

MEGABYTE = 1_000_000


def restic_rows(folder: pathlib.Path, rounds: int, megabytes: int) -> list[Row]:
    """A first backup into a new repository, and one that finds nothing new."""
    binary = program("restic")
    repository = Repository(binary, binary.rpartition("-")[2], str(folder / "repository"), folder / "cache", folder / "repository")
    source = fill(folder / "source", megabytes)
    repository, environ = renewed(repository), environ_of(folder)
    task = packed(PYTHON, "campus.moodle.restic_backup", repository.options(paths=[source]), folder / "packed", environ)
    nothing = packed(PYTHON, "ansible.builtin.ping", {"data": "pong"}, folder / "nothing", environ)
    sides = {
        "ours": lambda: task(changed=None).wall,
        "reference": lambda: cost_of([binary, "backup", source], repository.variables())[0].wall,
        "nothing": lambda: nothing().wall,
    }

    def first(who: str) -> float:
        renewed(repository)
        return sides[who]()

    new = {**sides, "ours": lambda: first("ours"), "reference": lambda: first("reference")}
    title = f"clock: restic_backup of {megabytes} MB beside restic"
    return [
        alternate(f"{title}, first", "1.05", rounds, plain=True, **new),
        alternate(f"{title}, nothing new", "1.05", rounds, plain=True, **sides),
    ]


def renewed(repository: Repository) -> Repository:
    """Make a repository anew, with the password that it had."""
    assert repository.folder
    for path in (repository.folder, repository.cache):
        shutil.rmtree(path, ignore_errors=True)
    made = repository.created()
    # What the run before has written must not go to the disk during the next one.
    os.sync()
    return made


def fill(folder: pathlib.Path, megabytes: int) -> str:
    """Write files of a megabyte each: every second one is random, the others are text that is compressed to half its size."""
    folder.mkdir(parents=True)
    for number in range(megabytes):
        content = os.urandom(MEGABYTE) if number % 2 else os.urandom(MEGABYTE // 2).hex().encode()
        (folder / f"{number:06}").write_bytes(content)
    return str(folder)
