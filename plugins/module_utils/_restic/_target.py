# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How a target directory differs from a snapshot: by restic's own report of what it would do, entry for entry, or by content."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import stat
import typing as t

from ._errors import DAMAGE, ResticError, parse_json
from ._snapshots import read_time
from ._stream import stream
from .client import FORGET, Restic

# What a new file system contains.
IGNORED = {"lost+found"}
MOST_PATHS = 100
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# tar also names other owners, times and modes; those do not count here.
COMPARE = ("tar", "--compare", "--quoting-style=literal", "--file=-", "--directory")
DIFFERS = re.compile(r"^(?:tar: )?(?P<path>.+?): (?:Contents differ|Size differs|File type differs|Warning: Cannot stat: .*)$", re.M)
# What tar ends with when everything is the same, and when something differs.
COMPARED = (0, 1)
TYPES: dict[str, t.Callable[[int], bool]] = {"dir": stat.S_ISDIR, "file": stat.S_ISREG, "symlink": stat.S_ISLNK}


@dataclasses.dataclass(frozen=True)
class Difference:
    """How a target differs from a snapshot. Entries are files, directories and links; exact is False for an upper bound."""

    missing: int = 0
    same: int = 0
    bytes: int = 0
    different: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()
    exact: bool = True
    # The paths of the missing ones, where restic named them.
    absent: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is something to do."""
        return bool(self.missing or self.different or self.superfluous)

    def diff(self, target: str) -> dict[str, t.Any]:
        """Return what a diff shows."""
        before = {"missing": self.missing, "different": self._first(self.different), "superfluous": self._first(self.superfluous)}
        return {
            "before": before,
            "after": {"missing": 0, "different": [], "superfluous": []},
            "before_header": target,
            "after_header": target,
        }

    def numbers(self) -> dict[str, t.Any]:
        """Return what a result contains."""
        return {
            "entries": self.missing + len(self.different),
            "bytes": self.bytes,
            "different": self._first(self.different),
            "superfluous": self._first(self.superfluous),
            "exact": self.exact,
        }

    @staticmethod
    def _first(paths: t.Sequence[str]) -> list[str]:
        return list(paths[:MOST_PATHS])


def is_empty(target: str) -> bool:
    """Return whether a directory is missing or has nothing in it."""
    return not os.path.lexists(target) or not set(os.listdir(target)) - IGNORED


def read_events(lines: t.Iterable[str], target: str) -> Difference:
    """Read what a dry run would do with each entry.

    restic writes directories and links again without comparing them, so one that exists counts as the same.
    """
    same = size = 0
    absent: list[str] = []
    different: list[str] = []
    superfluous: list[str] = []
    for line in lines:
        row = parse_json(line, "message") if line.startswith("{") else {}
        action, item, length = row.get("action"), str(row.get("item") or ""), int(row.get("size") or 0)
        if action == "deleted":
            superfluous.append(item[len(target) :] if item.startswith(f"{target}/") else item)
        elif action == "updated" or (action == "restored" and length and os.path.lexists(target + item)):
            different.append(item)
            size += length
        elif action == "restored" and not os.path.lexists(target + item):
            absent.append(item)
            size += length
        elif action in ("restored", "unchanged"):
            same += 1
    return Difference(len(absent), same, size, tuple(sorted(different)), tuple(sorted(superfluous)), absent=tuple(absent))


def compare(lines: t.Iterable[str], target: str) -> Difference:
    """Compare the lines of "restic ls --json" with a target, by type, and for files by size and time."""
    missing = same = size = 0
    different: list[str] = []
    for text in lines:
        node = parse_json(text, "node")
        if node.get("struct_type") != "node":
            continue
        path = target.rstrip("/") + node["path"]
        found = os.lstat(path) if os.path.lexists(path) else None
        if found and _alike(node, found):
            same += 1
            continue
        missing += not found
        different += [node["path"]] if found else []
        size += int(node.get("size") or 0)
    return Difference(missing, same, size, tuple(sorted(different)))


def _alike(node: t.Mapping[str, t.Any], found: os.stat_result) -> bool:
    if node["type"] != "file":
        return TYPES.get(node["type"], lambda mode: True)(found.st_mode)
    modified = (read_time(node["mtime"]) - EPOCH) // datetime.timedelta(microseconds=1)
    return stat.S_ISREG(found.st_mode) and found.st_size == int(node.get("size") or 0) and found.st_mtime_ns // 1000 == modified


def find_other_content(restic: Restic, place: str, target: str) -> tuple[str, ...]:
    """Return the files of a target that have other content than in the repository, for a restic that cannot compare without writing."""
    words = ["dump", "--no-lock", "--archive=tar", place, "/"]
    environ = {**{name: value for name, value in os.environ.items() if name not in FORGET}, "LC_ALL": "C.UTF-8"}
    done = stream(
        restic.command(*words),
        [*COMPARE, target],
        writer_environ={**environ, **restic.environ},
        reader_environ=environ,
        timeout=restic.timeout,
    )
    if done.interrupted or done.timed_out:
        error = restic.failure(words, done.writer, timed_out=done.timed_out)
        kind = "damaged" if DAMAGE.search(done.writer.err) else error.error
        raise ResticError(str(error), **{**error.details, "error": kind})
    if done.reader.rc not in COMPARED:
        msg = f"tar could not compare {target} with the snapshot (exit status {done.reader.rc}): {done.reader.err.strip()[-600:]}"
        raise ResticError(msg, error="failed")
    return tuple(sorted({f"/{found['path'].strip('/')}" for found in DIFFERS.finditer(f"{done.reader.out}\n{done.reader.err}")}))


def count_entries(target: str, *, except_for: t.Collection[str] = ()) -> Difference:
    """Return all entries of a target but the named ones, as the missing ones of a restore that began with an empty target."""
    count = size = 0
    for folder, folders, files in os.walk(target):
        inside = folder[len(target.rstrip("/")) :].rstrip("/")
        names = [name for name in (*folders, *files) if f"{inside}/{name}" not in except_for and not (not inside and name in IGNORED)]
        count += len(names)
        stats = (os.lstat(os.path.join(folder, name)) for name in names)
        size += sum(one.st_size for one in stats if stat.S_ISREG(one.st_mode))
    return Difference(missing=count, bytes=size)
