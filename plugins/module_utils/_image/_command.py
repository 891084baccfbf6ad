# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Running programs: their output becomes progress lines, their failure a sentence."""

from __future__ import annotations

import contextlib
import contextvars
import os
import subprocess
import threading
import typing as t

from ._progress import report
from .errors import BuildError

_LAST_LINES = 4
_CHUNK = 1024 * 1024

Feed = t.Callable[[t.IO[bytes]], None]


def run(
    arguments: t.Sequence[str],
    what: str,
    *,
    feed: t.Optional[Feed] = None,
    take: t.Optional[Feed] = None,
    environment: t.Optional[t.Mapping[str, str]] = None,
) -> None:
    """Run a program to its end.

    :param arguments: the program and its arguments; never secrets.
    :param what: what is being done, for the error, for example "bootstrap Debian trixie".
    :param feed: writes to the program's standard input; it gets nothing by default.
    :param take: reads the program's standard output; by default that has lines for a person, as standard error always has.
    :param environment: variables added to the current environment.
    :raises BuildError: when the program is missing or fails, with its last lines of output; also what take raises.
    """
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if take else subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
        )
    except FileNotFoundError as error:
        msg = f"Cannot {what}: the program {arguments[0]} is not installed on this machine."
        raise BuildError(msg, "missing_program") from error
    lines: list[str] = []
    # In the context of this thread, so that the lines name the same image.
    reader = threading.Thread(target=contextvars.copy_context().run, args=(_read, process.stderr or process.stdout, lines))
    reader.start()
    failure, in_between = _exchange(process, feed, take)
    code = process.wait()
    reader.join()
    if failure and (in_between or code == 0):
        raise failure
    if code != 0:
        msg = f"Could not {what}: {arguments[0]} ended with status {code}: {' | '.join(lines[-_LAST_LINES:])}"
        raise BuildError(msg, "build_failed") from failure


def _read(stream: t.IO[bytes], lines: list[str]) -> None:
    for raw in stream:
        line = raw.decode("utf-8", "replace").rstrip()
        if line:
            lines.append(line)
            report(line, "  ")


def _exchange(process: subprocess.Popen[bytes], feed: t.Optional[Feed], take: t.Optional[Feed]) -> tuple[t.Optional[BuildError], bool]:
    """Write to a program and read from it; return what take raised, and whether the program had more to give then."""
    # Both are pipes where something is to be written or read.
    if feed and process.stdin:
        # A program that ends before it has read everything reports why with its status.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            feed(pipe)
    if take and process.stdout:
        with process.stdout as pipe:
            try:
                take(pipe)
            except BuildError as error:
                return error, bool(pipe.read(1))
    return None, False


def copy(source: t.IO[bytes], *targets: t.Any) -> None:
    """Write everything that a file still holds to all targets."""
    for chunk in iter(lambda: source.read(_CHUNK), b""):
        for target in targets:
            target.write(chunk)


def succeeds(arguments: t.Sequence[str]) -> bool:
    """Return whether a program runs and ends with status 0; its output is dropped."""
    try:
        return subprocess.run(list(arguments), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
