# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What a backup leaves for monitoring."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic._report import (
    check_places,
    last_success,
    leave_reports,
    metrics_text,
    report_of,
    status_text,
    write_report,
)
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)


def params(**given: t.Any) -> dict[str, t.Any]:
    """The options of the module with their defaults."""
    return {"name": "moodle", **given}


def test_a_report_has_numbers_and_no_text_of_a_program(tmp_path: pathlib.Path) -> None:
    result = {"snapshot_id": "297a9ddc", "summary": {"data_added": 707, "total_files_processed": 2}, "stderr": "secret"}
    report = report_of(result, params(name='a "b"'), NOW, NOW + datetime.timedelta(seconds=2.5))
    assert json.loads(status_text(report)) == {
        "name": 'a "b"',
        "success": True,
        "error": None,
        "partial": False,
        "snapshot_id": "297a9ddc",
        "started": "2026-11-21T12:00:00+00:00",
        "finished": "2026-11-21T12:00:02+00:00",
        "last_success": "2026-11-21T12:00:00+00:00",
        "summary": {"data_added": 707, "total_files_processed": 2},
    }
    lines = [line for line in metrics_text(report).splitlines() if not line.startswith("#")]
    assert 'campus_moodle_backup_last_success_timestamp_seconds{backup="a \\"b\\""} 1795262400' in lines
    assert 'campus_moodle_backup_duration_seconds{backup="a \\"b\\""} 2.5' in lines
    assert 'campus_moodle_backup_added_bytes{backup="a \\"b\\""} 707' in lines


@pytest.mark.parametrize("option", ["status_file", "metrics_file"])
def test_a_failure_keeps_the_time_of_the_last_success(tmp_path: pathlib.Path, option: str) -> None:
    given = params(**{option: str(tmp_path / "report")})
    write_report(report_of({}, given, NOW, NOW), given)
    later = NOW + datetime.timedelta(days=1)
    write_report(report_of({"error": "locked"}, given, later, later), given)
    assert last_success([given[option]]) == NOW
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report"]
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o644


def test_a_young_snapshot_is_the_last_success_and_a_broken_file_is_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "report").write_text("[broken", encoding="utf-8")
    given = params(status_file=str(tmp_path / "report"))
    assert last_success([given["status_file"], None, "/no/such"]) is None
    assert report_of({"snapshot_time": "2026-11-20T12:00:00+00:00"}, given, NOW, NOW).good == NOW - datetime.timedelta(days=1)
    assert report_of({"error": "locked"}, given, NOW, NOW).good is None


def test_a_report_without_a_folder_is_refused_before_the_backup() -> None:
    check_places([None, "/tmp/status"])
    with pytest.raises(ToolError, match=r"The folder of /no/such/status does not exist"):
        check_places(["/no/such/status"])


def test_a_report_that_cannot_be_written_is_a_warning(tmp_path: pathlib.Path) -> None:
    warnings: list[str] = []
    leave_reports({}, params(status_file=str(tmp_path / "gone" / "status")), NOW, warnings.append)
    assert len(warnings) == 1
    assert "The report of the backup could not be written: " in warnings[0]
