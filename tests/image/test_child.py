# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""How the runtime runs other programs: what it keeps of their output, and whether it says that a part is missing."""

from __future__ import annotations

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
