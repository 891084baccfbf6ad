# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Running programs: their output becomes progress lines, their failure a sentence."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Optional

from .errors import BuildError
from .progress import say

_LAST_LINES = 4


def run(arguments: Sequence[str], what: str, *, stdin: Optional[IO[bytes]] = None, environment: Optional[Mapping[str, str]] = None) -> str:
    """Run a program to its end and return its output.

    :param arguments: the program and its arguments; never secrets.
    :param what: what is being done, for the error, for example "bootstrap Debian trixie".
    :param stdin: a binary file to read from; nothing by default.
    :param environment: variables added to the current environment.
    :raises BuildError: when the program is missing or fails, with its last lines of output.
    """
    env = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    try:
        process = subprocess.Popen(
            list(arguments), stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env
        )
    except FileNotFoundError as error:
        msg = f"Cannot {what}: the program {arguments[0]} is not installed on this machine."
        raise BuildError(msg) from error
    lines: list[str] = []
    assert process.stdout is not None  # noqa: S101 - always a pipe here; this tells the type checker
    for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip()
        lines.append(line)
        if line:
            say(f"  {line}")
    if process.wait() != 0:
        tail = " | ".join(deque((line for line in lines if line), _LAST_LINES))
        msg = f"Could not {what}: {arguments[0]} ended with status {process.returncode}: {tail}"
        raise BuildError(msg)
    return "\n".join(lines)


def succeeds(arguments: Sequence[str]) -> bool:
    """Whether a program runs and ends with status 0; its output is dropped."""
    try:
        return subprocess.run(list(arguments), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
