# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a backup leaves for monitoring: a JSON file and a file of metrics for node-exporter's textfile collector.

Everyone can read them, so they hold numbers, times and the kind of a failure, and no text of a program.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import re
import typing as t

from .._tool import times
from .._tool.errors import ToolError
from .._tool.files import replace_file

PREFIX = "campus_moodle_backup"
HELP = {
    "last_run_timestamp_seconds": "When the backup was last tried.",
    "last_success_timestamp_seconds": "When the newest good snapshot was made.",
    "success": "Whether the last try left a good snapshot, or found one that is young enough.",
    "partial": "Whether the snapshot of the last try lacks something.",
    "duration_seconds": "How long the last try took.",
    "processed_bytes": "Size of what was backed up.",
    "processed_files": "Number of files that were backed up.",
    "added_bytes": "What the repository grew by.",
}
SUMMARY = {"processed_bytes": "total_bytes_processed", "processed_files": "total_files_processed", "added_bytes": "data_added"}


@dataclasses.dataclass(frozen=True)
class Report:
    """How one try ended. error is empty for a good one, good the time of the newest good snapshot as far as it is known."""

    name: str
    started: datetime.datetime
    finished: datetime.datetime
    error: str = ""
    partial: bool = False
    snapshot_id: t.Optional[str] = None
    good: t.Optional[datetime.datetime] = None
    summary: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def report_of(
    result: t.Mapping[str, t.Any],
    params: t.Mapping[str, t.Any],
    started: datetime.datetime,
    finished: datetime.datetime,
) -> Report:
    """Return what the result of restic_backup means for monitoring."""
    error = result.get("error", "")
    young = result.get("snapshot_time")
    before = last_success([params.get("status_file"), params.get("metrics_file")])
    # Without a new snapshot the one that was found counts, and a failure changes nothing about the last good one.
    good = before if error else datetime.datetime.fromisoformat(young) if young else started
    return Report(
        name=params["name"],
        started=started,
        finished=finished,
        error=error,
        partial=bool(result.get("partial")),
        snapshot_id=result.get("snapshot_id"),
        good=good,
        summary=result.get("summary") or {},
    )


def status_text(report: Report) -> str:
    """Return the content of the status file."""
    content = {
        "name": report.name,
        "success": not report.error,
        "error": report.error or None,
        "partial": report.partial,
        "snapshot_id": report.snapshot_id,
        "started": report.started.isoformat(timespec="seconds"),
        "finished": report.finished.isoformat(timespec="seconds"),
        "last_success": report.good.isoformat(timespec="seconds") if report.good else None,
        "summary": dict(report.summary),
    }
    return json.dumps(content, indent=2) + "\n"


def metrics_text(report: Report) -> str:
    """Return the content of the metrics file."""
    numbers: dict[str, t.Any] = {
        "last_run_timestamp_seconds": int(report.finished.timestamp()),
        "last_success_timestamp_seconds": int(report.good.timestamp()) if report.good else 0,
        "success": int(not report.error),
        "partial": int(report.partial),
        "duration_seconds": round((report.finished - report.started).total_seconds(), 3),
        **{name: report.summary[key] for name, key in SUMMARY.items() if key in report.summary},
    }
    label = report.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines = []
    for name, number in numbers.items():
        lines += [f"# HELP {PREFIX}_{name} {HELP[name]}", f"# TYPE {PREFIX}_{name} gauge", f'{PREFIX}_{name}{{backup="{label}"}} {number}']
    return "\n".join(lines) + "\n"


def last_success(paths: t.Iterable[t.Optional[str]]) -> t.Optional[datetime.datetime]:
    """Return the time of the last good snapshot that earlier files name, so that a failure does not lose it."""
    found = [
        datetime.datetime.fromtimestamp(int(stamp), tz=datetime.timezone.utc)
        for text in map(_read, filter(None, paths))
        for stamp in re.findall(rf"^{PREFIX}_last_success_timestamp_seconds\S* (\d+)$", text, re.MULTILINE)
        if int(stamp)
    ]
    for text in map(_read, filter(None, paths)):
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            found.append(datetime.datetime.fromisoformat(json.loads(text).get("last_success")))
    return max(found, default=None)


def check_places(paths: t.Iterable[t.Optional[str]]) -> None:
    """Refuse a file whose folder is not there before anything is done."""
    for path in filter(None, paths):
        if not os.path.isdir(os.path.dirname(path)):
            msg = f"The folder of {path} does not exist. Create it first, or leave the option out."
            raise ToolError(msg, error="invalid")


def leave_reports(
    result: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], started: datetime.datetime, warn: t.Callable[[str], None]
) -> None:
    """Write the requested files, each as a whole; where that fails, warn."""
    try:
        write_report(report_of(result, params, started, times.now()), params)
    except OSError as error:
        warn(f"The report of the backup could not be written: {error}. What it contains is not about this run.")


def write_report(report: Report, params: t.Mapping[str, t.Any]) -> None:
    """Write the requested files, readable by everyone. The collector reads *.prom only, so it never reads a draft."""
    for option, text in (("status_file", status_text), ("metrics_file", metrics_text)):
        if params.get(option):
            replace_file(params[option], text(report), mode=0o644)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""
