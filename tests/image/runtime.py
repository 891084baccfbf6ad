# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Calls functions of the image's runtime, which is PHP, from tests."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

PHP_FOLDER = Path(__file__).parent / "php"


class PhpFailure(Exception):
    """What the runtime's own Failure carries: exit status, id and sentences."""

    def __init__(self, exit_status: int, failure_id: str, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.exit = exit_status
        self.id = failure_id
        self.sentences = sentences


def run_php(script: str, *arguments: str, stdin: str = "") -> t.Any:
    """Run a script of the folder php/ and return the JSON that it prints."""
    done = subprocess.run(["php", str(PHP_FOLDER / script), *arguments], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def call(function: str, *arguments: t.Any) -> t.Any:
    """Call a static function of the runtime: call("PoolSize::workers", 1 << 30, 2.0)."""
    answer = run_php("call.php", stdin=json.dumps({"function": function, "arguments": list(arguments)}))
    if "failure" in answer:
        failure = answer["failure"]
        raise PhpFailure(failure["exit"], failure["id"], failure["sentences"])
    return answer["result"]
