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

from ansible.module_utils.compat.version import LooseVersion

# What timeout(1) answers when it had to end a program: gently, or by force.
TIMED_OUT = (124, 137)
SIGKILL = 9
GRACE_SECONDS = 15


class Result(t.NamedTuple):
    """What a command gave back."""

    rc: int
    out: str
    err: str


class Run(t.Protocol):
    """Runs a command (a list, never a shell line) with text on standard input."""

    def __call__(self, command: list[str], text: t.Optional[str] = None, /) -> Result:
        """Return what the command gave back, whatever its exit status."""


class ToolError(Exception):
    """What was tried did not work. The text is for the user; details go into the module's result beside it."""

    def __init__(self, msg: str, **details: t.Any) -> None:
        super().__init__(msg)
        self.details = details


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
    than timeout seconds gets the signal, the one that lets it clean up, and raises ToolError.
    """
    unwanted = set(forget)

    def run(command: list[str], text: t.Optional[str] = None, /) -> Result:
        limit = ["timeout", f"--kill-after={GRACE_SECONDS}", f"--signal={signal}", str(timeout)] if timeout else []
        started = time.monotonic()
        with _without(unwanted):
            rc, out, err = module.run_command(
                limit + command,
                data=text,
                cwd=chdir,
                # As it is, without a line end added.
                binary_data=True,
                expand_user_and_vars=False,
                environ_update={"LC_ALL": "C.UTF-8", **(environ or {})},
                handle_exceptions=False,
            )
        # By force timeout(1) ends itself as well; a program that something else killed looks the same, only earlier.
        forced = rc == -SIGKILL and timeout and time.monotonic() - started >= timeout
        if timeout and (rc in TIMED_OUT or forced):
            msg = f"The command {shlex.join(command)} was ended because it ran longer than {timeout:g} seconds."
            raise ToolError(msg, timed_out=True, stdout=out[-2000:], stderr=err[-2000:])
        return Result(rc, out, err)

    return run


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
    if not path or not os.access(path, os.X_OK):
        msg = f"The program {name} was not found on this host. Install it, or give its path in the option binary."
        raise ToolError(msg)
    return str(path)


def require_version(tool: str, found: str, used: t.Iterable[str], minimum: t.Mapping[str, str]) -> None:
    """Refuse options that the installed version of a tool does not have. minimum maps an option to a version."""
    for option in used:
        needed = minimum.get(option)
        if needed and LooseVersion(found) < LooseVersion(needed):
            msg = f"Option {option} needs {tool} {needed} or newer, and this host has {tool} {found}."
            raise ToolError(msg, option=option, needed_version=needed, found_version=found)
