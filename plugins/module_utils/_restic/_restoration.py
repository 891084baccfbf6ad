# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""One snapshot on its way to a target: what would change there, the restore itself, and what is there when it fails half way.

restic 0.17 and newer report what they would do. Before that the list of the snapshot's entries is compared with the target.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Result
from ._errors import DAMAGE, NOT_BEGUN, ResticError, message_of
from ._snapshots import Snapshot
from ._target import MOST_PATHS, Difference, compare, count_entries, find_other_content, is_empty, read_events
from ._unfinished import TRUSTING, distrust, files_in
from .client import Restic

NO_PATH = re.compile(r"path [^\n]*: not (?:found|a directory)")
# How restic before 0.17 names an entry that it could not restore.
FAILED_ENTRY = re.compile(r"^ignoring error for (?P<item>.+?): (?P<message>.*)$", re.MULTILINE)
ADVICE = {
    "damaged": "The repository is damaged. Check it with restic_check, and restore another snapshot, or from a copy of the repository.",
    "disk_full": "The disk of the target is full. Make room, or restore to another place.",
}


@dataclasses.dataclass(frozen=True)
class Request:
    """What to restore, and how."""

    target: str
    subfolder: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overwrite: t.Optional[str] = None
    delete: bool = False
    verify: bool = False


def place_of(snapshot: Snapshot, request: Request) -> str:
    """Return the snapshot, or a directory of it, as restic takes it."""
    return f"{snapshot.id}:{request.subfolder}" if request.subfolder else snapshot.id


def restore_arguments(snapshot: Snapshot, request: Request, *, dry_run: bool = False, machine: bool = False) -> list[str]:
    """Return the arguments of restic."""
    words = ["restore", place_of(snapshot, request), "--target", request.target]
    words += ["--json"] if machine else []
    words += [word for pattern in request.include for word in ("--include", pattern)]
    words += [word for pattern in request.exclude for word in ("--exclude", pattern)]
    # A restore that verifies its result takes no file for good by its size and time.
    overwrite = "always" if request.verify and request.overwrite == "if-changed" else request.overwrite
    words += ["--overwrite", overwrite] if overwrite else []
    words += ["--delete"] if request.delete else []
    return words + (["--dry-run", "--no-lock"] if dry_run else ["--verify"] if request.verify else [])


class Restoration:
    """A snapshot on its way to a target."""

    def __init__(self, restic: Restic, snapshot: Snapshot, request: Request) -> None:
        self._restic = restic
        self._snapshot = snapshot
        self._modern = restic.has("restore dry_run")
        self.request = request

    def to(self, target: str) -> Restoration:
        """Return the same restoration to another target."""
        return Restoration(self._restic, self._snapshot, dataclasses.replace(self.request, target=target))

    def preview(self) -> Difference:
        """Return what the restore would do, without a lock; ResticError when the target may not be changed."""
        empty = is_empty(self.request.target)
        found = self._predict(empty) if self._modern else self._compare(empty)
        if found and not empty and not self.request.overwrite:
            raise self._not_empty(f"differs from the snapshot (missing: {found.missing}, different: {len(found.different)})")
        return self._require_something(found)

    def restore(self, known: t.Optional[Difference] = None) -> t.Optional[Difference]:
        """Restore, and return what was missing if the target was empty, which is all of it. known is what there is to do in another one."""
        empty = is_empty(self.request.target)
        before = None if empty else known or Difference()
        result = self._call(
            restore_arguments(self._snapshot, self.request, machine=self._modern),
            empty,
            lambda failed, cut: self._clean_up(failed, cut, before),
        )
        if not empty:
            return None
        return self._require_something(summary_of(result) if self._modern else count_entries(self.request.target))

    def _predict(self, empty: bool) -> Difference:
        """Let restic report what it would do. For an empty target its summary is enough, else each entry counts."""
        overwrite = self.request.overwrite or (None if empty else "if-changed")
        arguments = restore_arguments(self._snapshot, dataclasses.replace(self.request, overwrite=overwrite), dry_run=True, machine=True)
        result = self._call(arguments if empty else [*arguments, "--verbose=2"], empty)
        return summary_of(result) if empty else read_events(result.out.splitlines(), self.request.target)

    def _compare(self, empty: bool) -> Difference:
        """Compare the snapshot's list of entries with the target, for a restic that has no dry run."""
        filtered = bool(self.request.include or self.request.exclude)
        if filtered and not empty:
            # Only restic knows what its patterns match.
            raise self._not_empty("cannot be compared with a part of a snapshot by this restic")
        place = place_of(self._snapshot, self.request)
        listing = self._restic.call("ls", "--json", "--no-lock", place).out
        found = compare(listing.splitlines(), self.request.target)
        if self.request.verify and not empty and not found:
            found = dataclasses.replace(found, different=find_other_content(self._restic, place, self.request.target))
        return dataclasses.replace(found, exact=not filtered)

    def _call(self, arguments: list[str], empty: bool, clean_up: t.Callable[[t.Collection[str], bool], str] = lambda *_: "") -> Result:
        """Run restic; a failure reports what was restored to a target that was empty before.

        clean_up gets the entries that failed, and whether restic was ended half way, and returns what to add to the message.
        """
        try:
            result = self._restic.call(*arguments, ok=(0, 1))
            if result.rc == 0:
                return result
            error, cut = self._restic.failure(arguments, result), not failed_entries(result)
        except ResticError as caught:
            error, result, cut = caught, _result_until(caught), True
        begun = error.error not in NOT_BEGUN
        more = clean_up(failed_entries(result), cut) if begun else ""
        raise failure_of(self._snapshot, self.request, error, result, count=empty, more=more)

    def _clean_up(self, failed: t.Collection[str], cut: bool, before: t.Optional[Difference]) -> str:
        """Make sure that the next restore takes no unfinished file for a good one. before is None for a target that was empty."""
        target, overwrite = self.request.target, self.request.overwrite
        made = None if before is None else frozenset(before.absent)
        left = distrust(target, failed, made)
        # Of a restic that was ended only the last words are known, which may name a part of what failed.
        if cut and (failed or overwrite in TRUSTING):
            written = files_in(target) if before is None else [*before.absent, *before.different]
            # What has an old time is completed by every other value, which costs less than a second restore.
            left += distrust(target, written, made if overwrite == "never" else frozenset())
        return f" Remove these before the next restore, which would take them for complete: {', '.join(left[:MOST_PATHS])}." if left else ""

    def _require_something(self, found: Difference) -> Difference:
        """Refuse a restore of nothing, which would look like a good one."""
        if found or found.same:
            return found
        what = f"Nothing of snapshot {self._snapshot.id[:8]} goes to {self.request.target}"
        msg = f"{what}: it is empty, or no entry of it matches include and exclude. Check the patterns."
        raise ResticError(msg, error="nothing_restored")

    def _not_empty(self, what: str) -> ResticError:
        msg = (
            f"The target {self.request.target} is not empty and {what}. Nothing was restored. Restore to an empty directory, "
            "or choose with overwrite what to do with existing files (restic 0.17.0 or newer)."
        )
        return ResticError(msg, error="target_not_empty")


def failure_of(snapshot: Snapshot, request: Request, error: ResticError, result: Result, *, count: bool, more: str = "") -> ResticError:
    """Return the error for a restore that stopped or left entries out. A damaged repository has its own word."""
    failed = failed_entries(result)
    if request.subfolder and not failed and NO_PATH.search(result.err):
        paths = ", ".join(snapshot.paths)
        msg = f"Snapshot {snapshot.id[:8]} has no directory {request.subfolder}. Its paths are {paths}. Nothing was restored."
        return ResticError(msg, **{**error.details, "error": "no_path"})
    # The messages about the entries are the cause; requests that were repeated with success leave lines too.
    evidence = "\n".join(failed.values()) or f"{result.out}\n{result.err}"
    kind = "damaged" if error.error in ("failed", "timed_out", "partial") and DAMAGE.search(evidence) else error.error
    if not failed and kind not in ADVICE:
        return ResticError(f"{error}{more}", **error.details)
    examples = "; ".join(f"{item}: {message}" for item, message in list(failed.items())[:3])
    what = f"{len(failed)} entries failed ({examples})" if failed else "it stopped"
    parts: dict[str, t.Any] = {"failed_paths": list(failed)[:MOST_PATHS], "num_failed": len(failed)}
    if count:
        there = count_entries(request.target, except_for=failed)
        parts |= {"entries": there.missing, "bytes": there.bytes}
        what += f", and {there.missing} entries are there now"
    msg = f"Snapshot {snapshot.id[:8]} was not restored completely to {request.target}: {what}. {ADVICE.get(kind) or error}{more}"
    return ResticError(msg, **{**error.details, "error": kind, **parts})


def _result_until(error: ResticError) -> Result:
    """Return what restic had printed when it was ended. The error of the call has the end of it only, in other words."""
    cause = error.__cause__
    details = cause.details if isinstance(cause, ToolError) else error.details
    return Result(1, str(details.get("stdout") or ""), str(details.get("stderr") or ""))


def failed_entries(result: Result) -> dict[str, str]:
    """Return the entries that could not be restored, each with the first message about it."""
    found: dict[str, str] = {}
    for row in Restic.json_lines(result):
        if row["message_type"] == "error" and row.get("item"):
            found.setdefault(str(row["item"]), str(message_of(row.get("error"))))
    for match in FAILED_ENTRY.finditer(result.err):
        found.setdefault(match["item"], match["message"])
    return found


def summary_of(result: Result) -> Difference:
    """Read the summary of a restore, or of a dry run, to an empty target."""
    summary: dict[str, t.Any] = next((row for row in Restic.json_lines(result) if row["message_type"] == "summary"), {})
    return Difference(missing=int(summary.get("total_files") or 0), bytes=int(summary.get("total_bytes") or 0))
