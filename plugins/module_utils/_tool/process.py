# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""How modules run a program: a list without a shell, text in and text out, a wall time limit, errors as sentences.

Only runner() knows AnsibleModule. Clients of one program get the function it returns, and tests hand them another.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import time
import typing as t
from signal import SIGKILL

from ansible.module_utils.compat.version import LooseVersion

from .errors import ToolError

# How a program ends that something killed: as a shell, docker exec or kubectl exec tells it, and as the kernel does.
KILLED = (128 + SIGKILL, -SIGKILL)
# What timeout(1) answers when it had to end a program gently. By force it ends itself as well.
ENDED = 124
GRACE_SECONDS = 15


# What becomes of a command that did not end by itself. An exec into a container only loses its client.
CUT = {
    "timed_out": (
        "ran longer than {timeout:g} seconds, so it was ended on this host. "
        "What it started in a container or on another host may still run."
    ),
    "killed": (
        "was killed after {seconds:.0f} seconds (exit status {rc}), and not for its time. That is mostly the kernel when memory runs out: "
        "look at its log, on this host or where the command runs, and give it more memory."
    ),
}


class Result(t.NamedTuple):
    """What a command gave back."""

    rc: int
    out: str
    err: str


class Run(t.Protocol):
    """Runs a command (a list, never a shell line) with text on standard input."""

    def __call__(self, command: list[str], text: t.Optional[str] = None, /) -> Result:
        """Return what the command gave back, whatever its exit status."""


def runner(
    module: t.Any,
    *,
    chdir: t.Optional[str] = None,
    environ: t.Optional[t.Mapping[str, str]] = None,
    forget: t.Iterable[str] = (),
    timeout: t.Optional[float] = None,
    signal: str = "TERM",
) -> Run:
    """Return a function that runs commands through the module, in the C locale.

    environ is added to the environment, the place for secrets. The variables in forget are not inherited, since a
    password file in the environment of the connection would beat the password of the task. A command that runs longer
    than timeout seconds gets the signal, the one that lets it clean up, and raises ToolError, as one that was killed does.
    A timeout of 0 is no limit; with None also what was killed is left to the caller.
    """
    unwanted = set(forget)

    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        limit = limited(timeout, f"--signal={signal}") if timeout else []
        started = time.monotonic()
        with _without(unwanted):
            rc, out, err = module.run_command(
                limit + command,
                data=text,
                cwd=chdir,
                # As it is, without a line end added.
                binary_data=True,
                before_communicate_callback=_let_it_ignore_the_text if text else None,
                expand_user_and_vars=False,
                environ_update={"LC_ALL": "C.UTF-8", **(environ or {})},
                handle_exceptions=False,
            )
        seconds = time.monotonic() - started
        error = "" if timeout is None else cut_short(rc, seconds, timeout)
        if error:
            msg = f"The command {shlex.join(command)} {CUT[error].format(timeout=timeout, seconds=seconds, rc=rc)}"
            raise ToolError(msg, error=error, timed_out=error == "timed_out", rc=rc, stdout=out[-2000:], stderr=err[-2000:])
        return Result(rc, out, err)

    return run


class _Pipe:
    """Standard input of a program that may end before it has read everything."""

    def __init__(self, pipe: t.IO[bytes]) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> None:
        """Write what the program still takes."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(data)

    def close(self) -> None:
        """Write what is left, and close."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()


def _let_it_ignore_the_text(process: t.Any) -> None:
    # Else run_command raises BrokenPipeError, and what the program said before it ended is lost. communicate() ignores it too.
    process.stdin = _Pipe(process.stdin)


def limited(seconds: float, *options: str) -> list[str]:
    """Return what to put before a command that may run for so long; options are those of timeout(1)."""
    return ["timeout", f"--kill-after={GRACE_SECONDS}", *options, str(seconds)]


def cut_short(rc: int, seconds: float, timeout: float) -> str:
    """Return why a program did not end by itself, timed_out or killed, and nothing when it did.

    Only the clock tells the limit from other causes: a program in a container that the kernel killed ends with the same status.
    """
    if timeout and seconds >= timeout and rc in (ENDED, *KILLED):
        return "timed_out"
    return "killed" if rc in KILLED else ""


@contextlib.contextmanager
def _without(names: set[str]) -> t.Iterator[None]:
    """Hide environment variables while a command starts."""
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def find_binary(module: t.Any, name: str) -> str:
    """Return the path of a program, by its name or as given; ToolError when it is not there."""
    path = name if os.sep in name else module.get_bin_path(name)
    if not path or not os.path.isfile(path) or not os.access(path, os.X_OK):
        what = "is there, but cannot be run" if path and os.path.exists(path) else "was not found on this host"
        msg = f"The program {name} {what}. Install it, or give its path in the option binary."
        raise ToolError(msg, error="missing_program")
    return str(path)


def require_version(tool: str, found: str, used: t.Iterable[str], minimum: t.Mapping[str, str]) -> None:
    """Refuse options that the installed version of a tool does not have.

    minimum maps an option to a version; the empty name is the tool itself. The word for programs is the caller's.
    """
    for option in used:
        needed = minimum.get(option)
        if needed and LooseVersion(found) < LooseVersion(needed):
            what, details = (f"Option {option}", {"option": option}) if option else ("This module", {})
            msg = f"{what} needs {tool} {needed} or newer, and this host has {tool} {found}."
            raise ToolError(msg, needed_version=needed, found_version=found, **details)
