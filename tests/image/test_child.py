# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""How the runtime runs other programs: with which options, what it keeps of their output, and whether it says that a part is missing."""

from __future__ import annotations

import subprocess

import pytest
from runtime import call

LINES = "".join(f"line {number}\n" for number in range(9000))
PRINTS_LINES = 'for ($number = 0; $number < 9000; $number++) { echo "line $number\\n"; }'


@pytest.mark.parametrize(("keep", "whole"), [(100, False), (16384, False), (len(LINES) - 1, False), (len(LINES), True), (8 << 20, True)])
def test_the_end_of_the_output_is_kept(keep: int, whole: bool) -> None:
    outcome = call("Child::php", ["-r", PRINTS_LINES], "", True, keep)
    assert (outcome["exit"], outcome["isWhole"]) == (0, whole)
    assert outcome["tail"] == LINES[-keep:]


def test_the_report_is_apart_from_the_output() -> None:
    code = 'echo strrev(stream_get_contents(STDIN)); file_put_contents("php://fd/3", json_encode(["found" => true])); exit(7);'
    outcome = call("Child::php", ["-r", code], "abc", True)
    assert outcome == {"exit": 7, "tail": "cba", "report": {"found": True}, "isWhole": True}


@pytest.mark.parametrize(("limit", "options"), [("", []), (1 << 30, ["-d", "memory_limit=1073741824"])])
def test_tasks_run_with_the_memory_limit_that_is_given(limit: int | str, options: list[str]) -> None:
    values = {"MOODLE_CRON_MEMORY_LIMIT": limit, "MOODLE_CRON_KEEP_ALIVE": 180}
    php, *rest = call("TaskLoop::command", values, "adhoc_task", ["--execute"])
    assert rest == [*options, "/srv/moodle/admin/cli/adhoc_task.php", "--execute", "--keep-alive=180"]
    shown = subprocess.run([php, *options, "-r", "echo ini_get('memory_limit');"], capture_output=True, text=True, check=True).stdout
    assert (shown == "1073741824") is bool(options)
