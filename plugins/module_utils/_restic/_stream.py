# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Hands the output of one command to another so that the reader sees its end only if the writer succeeded.

A shell's pipe ends when the writer dies, so a dump that failed looks to restic like a shorter dump, and becomes a good
snapshot. Here the reader's standard input is one end of a pair of sockets, and the reader inherits the other end as well.
Closing that end, which also happens when this process is killed at any moment, is then never the end of the input; only
the explicit shutdown() below is, and that comes after the writer printed something and ended with exit status 0.
Otherwise the reader is ended while it still waits. Nothing is written to a disk in between.

restic has --stdin-from-command from 0.17 on, but with it a command that prints nothing leaves an empty snapshot.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
import typing as t

from .._tool.process import Result, cut_short

# What a pipe holds; more is only a larger buffer to make each time.
BLOCK = 1 << 16
# A restic that waits for input cannot do more than give its lock back, and from 0.17 on does not end without force.
GRACE_SECONDS = 5
PR_SET_PDEATHSIG = 1


class Streamed(t.NamedTuple):
    """What both commands gave back. writer.out is empty: it went to the reader.

    interrupted: the reader still ran and was ended, since the writer failed. size is how many bytes it got.
    timed_out: one of them ran too long, by the clock, since an end by force looks like any other.
    """

    writer: Result
    reader: Result
    size: int
    interrupted: bool
    timed_out: bool


def stream(
    writer: t.Sequence[str],
    reader: t.Sequence[str],
    *,
    writer_environ: t.Mapping[str, str],
    reader_environ: t.Mapping[str, str],
    timeout: float = 0,
) -> Streamed:
    """Run both commands until they have ended. timeout is for each of them, in seconds; 0 is no limit."""
    inner, outer = socket.socketpair()
    started = time.monotonic()
    with inner, outer, _Output() as printed, _Output() as errors, _Output() as dump_errors:
        target = _start(reader, reader_environ, timeout, stdin=inner, stdout=printed.file, stderr=errors.file, pass_fds=[outer.fileno()])
        try:
            # Now the reader alone has this end, so its end can be noticed.
            inner.close()
            source = _start(writer, writer_environ, timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=dump_errors.file)
            try:
                size, complete = _copy(source, outer)
                complete = complete and source.wait() == 0
            finally:
                # Read before: an end that is forced from here takes time too, and is no end by the limit.
                written = time.monotonic() - started
                _stop(source)
            if complete and size:
                outer.shutdown(socket.SHUT_WR)
                target.wait()
        finally:
            read = time.monotonic() - started
            interrupted = _stop(target)
        ends = (cut_short(source.returncode, written, timeout), cut_short(target.returncode, read, timeout))
        return Streamed(
            Result(source.returncode, "", dump_errors.text()),
            Result(target.returncode, printed.text(), errors.text()),
            size,
            interrupted,
            "timed_out" in ends,
        )


def _copy(source: subprocess.Popen[bytes], target: socket.socket) -> tuple[int, bool]:
    """Copy until the source prints no more. Return how many bytes, and whether the target took them all."""
    size = 0
    with t.cast("t.IO[bytes]", source.stdout) as pipe:
        ends = [pipe.fileno(), target.fileno()]
        while True:
            # The reader never answers, so that there is something to read from it means that it has ended.
            if target.fileno() in select.select(ends, [], [])[0]:
                return size, False
            block = os.read(pipe.fileno(), BLOCK)
            if not block:
                return size, True
            try:
                target.sendall(block)
            except OSError:
                return size, False
            size += len(block)


def _start(command: t.Sequence[str], environ: t.Mapping[str, str], timeout: float, **options: t.Any) -> subprocess.Popen[bytes]:
    """Start a command that is interrupted when its time is over or this process dies, and soon after ended by force."""
    limited = ["timeout", "--signal=INT", f"--kill-after={GRACE_SECONDS}", str(timeout), *command]
    return subprocess.Popen(limited, env=dict(environ), preexec_fn=_die_with_parent, **options)


def _stop(process: subprocess.Popen[bytes]) -> bool:
    """End a process if it still runs. Return whether it did."""
    running = process.poll() is None
    if running:
        # timeout(1) hands it on, and uses force when that does not help.
        process.send_signal(signal.SIGINT)
        process.wait()
    return running


# Looked up before the first fork: the child may do as little as possible.
LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    # Where there is no such call a reader without a writer waits until its time is over; its input still has no end.
    prctl = getattr(LIBC, "prctl", None)
    if prctl:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)


class _Output:
    """A file for what a process prints, which cannot block it as a pipe would that is not emptied meanwhile."""

    def __enter__(self) -> _Output:
        self.file = tempfile.TemporaryFile()
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def text(self) -> str:
        """Return what was printed."""
        self.file.seek(0)
        return self.file.read().decode("utf-8", "replace")
