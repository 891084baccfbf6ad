# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What must hold for restored files, and the directory of a rehearsal: a restore that is not checked proves little."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Run
from ._errors import ResticError
from ._target import Difference

ASSERT_ARGUMENT: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "paths": {"type": "list", "elements": "str", "default": []},
        "min_files": {"type": "int"},
        "min_bytes": {"type": "int"},
        "sha256": {"type": "dict", "default": {}},
        "command": {"type": "list", "elements": "str"},
    },
}


def require(folder: str, expected: t.Optional[t.Mapping[str, t.Any]], run: Run) -> None:
    """Raise ResticError for everything that does not hold for the files in a folder. run starts commands there."""
    failed = check_assertions(folder, expected, run) if expected else []
    if failed:
        msg = f"The files in {folder} are not what they should be: {' '.join(failed)}"
        raise ResticError(msg, error="assertion_failed", failed_assertions=failed)


def check_assertions(target: str, expected: t.Mapping[str, t.Any], run: Run) -> list[str]:
    """Return what does not hold for the files of a target, all of it and not just the first. run starts commands in the target."""
    found = [f"{path} is missing." for path in expected["paths"] if not os.path.lexists(_inside(target, path))]
    if expected["min_files"] is not None or expected["min_bytes"] is not None:
        found += _too_few(target, expected["min_files"] or 0, expected["min_bytes"] or 0)
    found += [sentence for path, digest in expected["sha256"].items() for sentence in _other_content(target, path, str(digest))]
    return found + (_failed_command(expected["command"], run) if expected["command"] else [])


def _inside(target: str, path: str) -> str:
    return os.path.join(target, path.lstrip("/"))


def _too_few(target: str, min_files: int, min_bytes: int) -> list[str]:
    stats = [os.lstat(os.path.join(folder, name)) for folder, _folders, names in os.walk(target) for name in names]
    sizes = [one.st_size for one in stats if stat.S_ISREG(one.st_mode)]
    counts = [("files", len(sizes), min_files), ("bytes", sum(sizes), min_bytes)]
    return [f"There are {count} {what}, and {least} are expected at least." for what, count, least in counts if count < least]


def _other_content(target: str, path: str, expected: str) -> list[str]:
    place = _inside(target, path)
    # A link may point to a file outside of what was restored, which proves nothing.
    if os.path.islink(place) or not os.path.isfile(place):
        return [f"{path} is not a file, so its content was not compared."]
    digest = hashlib.sha256()
    with open(place, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return [] if digest.hexdigest() == expected.lower() else [f"{path} has the SHA-256 checksum {digest.hexdigest()}, and not {expected}."]


def _failed_command(command: list[str], run: Run) -> list[str]:
    try:
        result = run(command)
    except (OSError, ToolError) as error:
        return [f"The command {command[0]} failed: {error}"]
    printed = (result.err.strip() or result.out.strip())[-500:]
    return [f"The command {command[0]} failed with exit status {result.rc}: {printed}"] if result.rc != 0 else []


def require_space(parent: str, needed: Difference) -> None:
    """Raise ResticError when a disk has less room than a rehearsal needs, before it fills up under everything else on it."""
    if not os.path.isdir(parent):
        msg = f"The drill_directory {parent} is not a directory. Create it, on a disk with enough room. Nothing was restored."
        raise ResticError(msg, error="invalid")
    free = shutil.disk_usage(parent).free
    if needed.exact and needed.bytes > free:
        what = f"The rehearsal needs {needed.bytes} bytes in {parent}, and {free} are free"
        msg = f"{what}. Nothing was restored. Give a drill_directory on another disk."
        raise ResticError(msg, error="disk_full", needed_bytes=needed.bytes, free_bytes=free)


@contextlib.contextmanager
def drill_folder(parent: str) -> t.Iterator[str]:
    """Make a fresh directory for a rehearsal, and remove it with all that is in it, whatever happens in between."""
    folder = tempfile.mkdtemp(prefix="restic-drill-", dir=parent)
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: str) -> None:
    try:
        # Without root, restored directories that are read-only would stay.
        for inner, _folders, _names in os.walk(folder):
            os.chmod(inner, 0o700)
        shutil.rmtree(folder)
    except OSError as error:
        msg = f"The rehearsal's directory {folder} could not be removed: {error}. It contains restored data, so remove it by hand."
        raise ResticError(msg, error="not_removed") from error
