# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Programs of scripts/program.sh, and servers made of them on loopback ports that end with the test run, however it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import pathlib
import ssl
import subprocess
import typing as t
import urllib.error
import urllib.request

from support import REPOSITORY
from support.wait import wait_for

STOP_SECONDS = 20


def program(name: str) -> str:
    """Return the path of a program that scripts/program.sh knows; it is fetched or built when it is not there yet."""
    done = subprocess.run([REPOSITORY / "scripts" / "program.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@contextlib.contextmanager
def running(
    command: t.Sequence[str],
    folder: pathlib.Path,
    health: str,
    *,
    environ: t.Mapping[str, str] | None = None,
    headers: t.Mapping[str, str] | None = None,
    ca_file: str | None = None,
    well: int = 200,
) -> t.Iterator[None]:
    """Run a server in a folder for the time of a with statement, which begins when the address `health` answers that it is well.

    Its output goes to server.log in the folder, and the end of that is shown when the server does not start.

    Args:
        command: program and arguments.
        folder: working directory of the server.
        health: address to ask.
        environ: variables on top of the environment, the place for secrets.
        headers: of the request for the health.
        ca_file: the authority that signed the certificate of the server.
        well: status of the answer that means well.
    """
    log = folder / "server.log"
    # setpriv: the kernel ends the server when this process is gone, even when it was killed.
    with log.open("wb") as stream:
        server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # A terminal's Ctrl-C must end the tests first, which then end their servers.
            start_new_session=True,
        )
    asked = urllib.request.Request(health, headers=dict(headers or {}))
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    try:
        wait_for(lambda: server.poll() is not None or _status(asked, context) == well, what=f"an answer of {health}")
        if server.poll() is not None:
            end = log.read_text(encoding="utf-8", errors="replace")[-4000:]
            raise AssertionError(f"{command[0]} ended with status {server.returncode} instead of serving. Its log ends with:\n{end}")
        yield
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _status(asked: urllib.request.Request, context: ssl.SSLContext | None) -> int:
    """Return the status of an answer, 0 when there is none yet."""
    try:
        with urllib.request.urlopen(asked, timeout=5, context=context) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return 0
