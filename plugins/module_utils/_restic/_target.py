# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How a target directory differs from a snapshot: from what restic says it would do, or by comparing entry for entry."""

from __future__ import annotations

import dataclasses
import datetime
import os
import stat
import typing as t

from .filter import json_of
from .snapshots import parse_time

# What a new file system contains.
IGNORED = {"lost+found"}
MOST_PATHS = 100
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
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
        """Return what a result says."""
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


def events_of(lines: t.Iterable[str], target: str) -> Difference:
    """Read what a dry run would do with each entry.

    restic writes directories and links again without comparing them, so one that exists counts as the same.
    """
    same = size = 0
    absent: list[str] = []
    different: list[str] = []
    superfluous: list[str] = []
    for line in lines:
        row = json_of(line, "message") if line.startswith("{") else {}
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
        node = json_of(text, "node")
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
    modified = (parse_time(node["mtime"]) - EPOCH) // datetime.timedelta(microseconds=1)
    return stat.S_ISREG(found.st_mode) and found.st_size == int(node.get("size") or 0) and found.st_mtime_ns // 1000 == modified


def present(target: str, *, except_for: t.Collection[str] = ()) -> Difference:
    """Return the entries of a target as those of a restore that began with an empty one, without the named ones."""
    count = size = 0
    for folder, folders, files in os.walk(target):
        inside = folder[len(target.rstrip("/")) :].rstrip("/")
        names = [name for name in (*folders, *files) if f"{inside}/{name}" not in except_for and not (not inside and name in IGNORED)]
        count += len(names)
        stats = (os.lstat(os.path.join(folder, name)) for name in names)
        size += sum(one.st_size for one in stats if stat.S_ISREG(one.st_mode))
    return Difference(missing=count, bytes=size)
