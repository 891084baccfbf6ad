# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The input that only ends well: what the reader of a dump gets, and what it never sees."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic import _stream
from ansible_collections.campus.moodle.plugins.module_utils._restic._stream import stream
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

# Waits for the end of its input, and only then reports it.
READER = ["sh", "-c", "cat > /dev/null; echo complete"]


def run_stream(writer: list[str], reader: list[str], timeout: float = 0) -> t.Any:
    """Stream with the environment of the test."""
    return stream(writer, reader, writer_environ=os.environ, reader_environ=os.environ, timeout=timeout)


def test_the_reader_gets_every_byte_and_the_end_of_a_good_writer(tmp_path: pathlib.Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "in").write_bytes(content)
    done = run_stream(["cat", str(tmp_path / "in")], ["sh", "-c", f'cat > "{tmp_path}/out"; echo complete; echo told >&2'])
    assert (done.reader, done.size, done.interrupted) == (Result(0, "complete\n", "told\n"), len(content), False)
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize(
    ("script", "rc"),
    [
        ("exit 3", 3),
        ("head -c 3000000 /dev/zero; echo no space >&2; exit 4", 4),
        ("head -c 3000000 /dev/zero; kill -9 $$", -9),
        ("true", 0),
    ],
    ids=["at once", "late", "killed", "nothing printed"],
)
def test_the_reader_never_sees_the_end_of_a_bad_writer(script: str, rc: int) -> None:
    done = run_stream(["sh", "-c", script], READER)
    assert (done.writer.rc, done.reader.out, done.interrupted, done.timed_out) == (rc, "", True, False)
    assert ("no space" in done.writer.err) == (rc == 4)


def test_a_writer_that_closes_its_output_is_waited_for() -> None:
    assert run_stream(["sh", "-c", "echo data; exec >&-; sleep 0.3; exit 5"], READER).reader.out == ""
    assert run_stream(["sh", "-c", "echo data; exec >&-; sleep 0.3"], READER).reader.out == "complete\n"


def test_a_reader_that_ends_early_ends_the_writer() -> None:
    done = run_stream(["sh", "-c", "echo data; exec sleep 600"], ["sh", "-c", "echo wrong password >&2; exit 12"])
    assert (done.reader, done.interrupted) == (Result(12, "", "wrong password\n"), False)


def test_both_are_ended_after_their_time() -> None:
    done = run_stream(["sh", "-c", "echo data; exec sleep 600"], READER, timeout=1)
    assert (done.timed_out, done.reader.out) == (True, "")


def test_an_end_by_force_at_the_limit_is_one_by_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "GRACE_SECONDS", 1)
    stubborn = "trap '' INT; echo data; sleep 600"
    done = run_stream(["sh", "-c", stubborn], ["sh", "-c", "trap '' INT; cat > /dev/null; echo complete"], timeout=1)
    assert (done.writer.rc, done.timed_out, done.reader.out) == (-9, True, "")


def test_an_end_by_force_before_the_limit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "GRACE_SECONDS", 3)
    # The reader has to be ended by force because of the writer, and that takes longer than its limit.
    done = run_stream(["sh", "-c", "kill -9 $$"], ["sh", "-c", "trap '' INT; cat > /dev/null; sleep 600"], timeout=2)
    assert (done.writer.rc, done.timed_out, done.interrupted) == (-9, False, True)


def test_the_reader_never_sees_the_end_when_we_are_killed(tmp_path: pathlib.Path) -> None:
    reached, pipe = tmp_path / "reached", tmp_path / "pipe"
    os.mkfifo(pipe)
    program = (
        "import os, sys\n"
        "from ansible_collections.campus.moodle.plugins.module_utils._restic._stream import stream\n"
        "stream(sys.argv[1:4], sys.argv[4:], writer_environ=os.environ, reader_environ=os.environ)\n"
    )
    writer = ["sh", "-c", f'head -c 3000000 /dev/zero; echo > "{reached}"; exec sleep 600']
    reader = ["sh", "-c", f'exec > "{pipe}"; cat > /dev/null && echo complete']
    process = subprocess.Popen([sys.executable, "-c", program, *writer, *reader])
    with pipe.open("rb") as said:
        while not reached.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        # This ends when the reader has ended.
        assert said.read() == b""
