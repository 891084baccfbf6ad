# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Removing the data of snapshots that are gone, also when an earlier run removed them and left their data.

restic itself finds out only by reading the whole index and all trees. A file in the folder of its cache costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from .._tool.errors import ToolError
from ._errors import NOT_BEGUN, ResticError
from .client import Restic


def cache_folder(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str:
    """Return the folder of restic's cache, as restic chooses it."""
    given = params.get("cache_dir") or environ.get("RESTIC_CACHE_DIR")
    base = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return given or os.path.join(base, "restic")


class Unused:
    """Data of one repository that nothing refers to any more."""

    def __init__(self, folder: str, repository: str) -> None:
        # restic leaves alone what has no name of its own in there.
        self._path = os.path.join(folder, f"campus.moodle-unused-{hashlib.sha256(repository.encode()).hexdigest()}")

    @property
    def known(self) -> bool:
        """Return whether there is some, as far as this host knows."""
        return os.path.exists(self._path)

    def note(self) -> None:
        """Remember that there is some. Where that is not possible, the next removal cleans up."""
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(self._path, "w", encoding="utf-8"):
                pass

    def forget(self) -> None:
        """Remember that there is none."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    @contextlib.contextmanager
    def noted(self) -> t.Iterator[None]:
        """Note it before snapshots are removed, so that also a run that is killed is finished later; not when none was removed."""
        before = self.known
        self.note()
        try:
            yield
        except ToolError as error:
            if not before and not error.details.get("changed"):
                self.forget()
            raise


def prune(restic: Restic, unused: Unused, removed: list[dict[str, t.Any]]) -> None:
    """Remove the data that nothing refers to any more. removed are the snapshots that this run removed before."""
    try:
        restic.call("prune")
    except ResticError as error:
        what = f"{len(removed)} snapshots were removed, but their data was not" if removed else "Unused data was not removed"
        later = "The next run with prune continues" if unused.known else "Run restic prune by hand: this host could not note it"
        changed = bool(removed) or error.error not in NOT_BEGUN
        raise ResticError(f"{what}. {later}. {error}", **{**error.details, "removed": removed, "changed": changed}) from error
    unused.forget()
