# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Restoring a snapshot to a target, or rehearsing that in a fresh directory, and checking what is there then."""

from __future__ import annotations

import os
import time
import typing as t

from .._tool import times
from .._tool.errors import ToolError
from .._tool.process import Run
from ._drill import ASSERT_ARGUMENT, drill_folder, require, require_space
from ._errors import NOT_BEGUN, ResticError
from ._restoration import Request, Restoration
from ._snapshots import FILTER_ARGUMENT, find_snapshot, read_filter
from ._target import Difference, is_empty
from .client import Open, merge_rules

ARGUMENTS: dict[str, t.Any] = {
    "timeout": {"type": "int", "default": 86400},
    "snapshot": {"type": "str", "default": "latest"},
    "filter": FILTER_ARGUMENT,
    "target": {"type": "path"},
    "include": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "overwrite": {"type": "str", "choices": ["always", "if-changed", "if-newer", "never"]},
    "delete": {"type": "bool", "default": False},
    "confirm_delete": {"type": "path"},
    "verify": {"type": "bool", "default": False},
    "assert_that": ASSERT_ARGUMENT,
    "drill": {"type": "bool", "default": False},
    "drill_directory": {"type": "path"},
}
RULES = merge_rules(
    mutually_exclusive=[("target", "drill_directory"), ("overwrite", "drill_directory")],
    required_if=[
        ("drill", False, ("target",)),
        ("drill", True, ("drill_directory",)),
        ("delete", True, ("confirm_delete", "overwrite")),
    ],
)
# Raises ResticError when the files in a folder are not what they should be.
CheckFiles = t.Callable[[str], None]
# How long a restore took that there was no need for.
NO_SECONDS: dict[str, float] = {}


def run(
    open_restic: Open,
    params: t.Mapping[str, t.Any],
    *,
    check_mode: bool,
    run_in: t.Callable[[str], Run],
    warn: t.Callable[[str], None],
) -> dict[str, t.Any]:
    """Look up the snapshot, restore it or rehearse that, and return the result. run_in(folder) returns what runs commands there."""
    request = read_request(params)
    selection = read_filter(params["filter"])
    reader, worker = open_restic(reading=True), open_restic()
    used = {"subfolder": request.subfolder, "overwrite": request.overwrite, "delete": request.delete}
    reader.require([option for option, value in used.items() if value])
    now = times.now()
    snapshot, warning = find_snapshot(reader, params["snapshot"].partition(":")[0], selection, now)
    if warning:
        warn(warning)

    def check_files(folder: str) -> None:
        require(folder, params["assert_that"], run_in(folder))

    restoration = Restoration(worker, snapshot, request)
    if params["drill"]:
        result = rehearse(restoration, params["drill_directory"], check_files, check_mode=check_mode)
    else:
        check_target(request, params["confirm_delete"])
        result = fill_target(restoration, check_files, check_mode=check_mode)
    return {**result, "rpo_seconds": round(snapshot.age(now), 1), "snapshot": snapshot.brief()}


def read_request(params: t.Mapping[str, t.Any]) -> Request:
    """Return what the options request. The directory of a rehearsal is made later; its preview needs a name that is not there."""
    return Request(
        target=os.path.normpath(params["target"] or os.path.join(params["drill_directory"], f"restic-drill-{os.getpid()}")),
        subfolder=params["snapshot"].partition(":")[2],
        include=tuple(params["include"]),
        exclude=tuple(params["exclude"]),
        overwrite=params["overwrite"],
        delete=params["delete"],
        verify=params["verify"],
    )


def check_target(request: Request, confirm_delete: t.Optional[str]) -> None:
    """Raise ResticError for a target that must not be written to."""
    target, root = request.target, os.path.realpath(request.target) == "/"
    confirmed = bool(confirm_delete) and os.path.normpath(str(confirm_delete)) == target
    rules = [
        ("invalid", not os.path.isabs(target), "is not absolute. Give the whole path."),
        ("invalid", os.path.lexists(target) and not os.path.isdir(target), "is not a directory."),
        ("not_confirmed", request.delete and not confirmed, "would lose other files. Repeat it in confirm_delete to allow that."),
        ("dangerous_target", request.delete and root, "is the root of the system, and delete would remove what is not in the snapshot."),
        ("dangerous_target", root and not request.overwrite, "is the root of the system. Choose another one, or give overwrite."),
    ]
    for kind, broken, sentence in rules:
        if broken:
            msg = f"The target {target} {sentence} Nothing was restored."
            raise ResticError(msg, error=kind)


def fill_target(restoration: Restoration, check_files: CheckFiles, *, check_mode: bool) -> dict[str, t.Any]:
    """Bring the target to the content of the snapshot."""
    target = restoration.request.target
    # In an empty target everything is missing, so only check mode has to find out what would be done.
    empty = is_empty(target)
    known = restoration.preview() if check_mode or not empty else None
    found, seconds = known or Difference(), NO_SECONDS
    if not check_mode and (known is None or known):
        try:
            found, seconds = recover(restoration, check_files, known)
        except ToolError as error:
            # What restic did to existing files before it stopped is not known.
            error.details["changed"] = not is_empty(target) if empty else error.details.get("error") not in NOT_BEGUN
            raise
    elif not check_mode:
        check_files(target)
    return {"changed": bool(found), "diff": found.diff(target), **found.numbers(), **seconds}


def rehearse(restoration: Restoration, parent: str, check_files: CheckFiles, *, check_mode: bool) -> dict[str, t.Any]:
    """Restore to a fresh directory, check, remove."""
    found, seconds = restoration.preview(), NO_SECONDS
    require_space(parent, found)
    if not check_mode:
        with drill_folder(parent) as folder:
            found, seconds = recover(restoration.to(folder), check_files)
    return {"changed": False, **found.numbers(), **seconds}


def recover(restoration: Restoration, check_files: CheckFiles, known: t.Optional[Difference] = None) -> tuple[Difference, dict[str, float]]:
    """Restore and check; return what there was to do, if it was not known before, and how long it took."""
    started = time.monotonic()
    found = restoration.restore(known) or known or Difference()
    check_files(restoration.request.target)
    return found, {"rto_seconds": round(time.monotonic() - started, 1)}
