# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The docker command, with JSON answers as Python values."""

from __future__ import annotations

import json
import subprocess
import typing as t

LIMIT = 600  # seconds that no command takes which ends at all


class DockerError(OSError):
    """The docker command failed; support.wait takes it for "not yet"."""


def run(*arguments: str, stdin: str | None = None, timeout: float = LIMIT) -> subprocess.CompletedProcess[str]:
    """Run docker and return how it ended. Without a text of its own it reads nothing."""
    given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run(["docker", *arguments], **given, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)


def docker(*arguments: str, stdin: str | None = None, check: bool = True, timeout: float = LIMIT) -> str:
    """Run docker and return its standard output, without the last line end.

    Raises:
        DockerError: docker failed and check is true; carries both outputs.
    """
    done = run(*arguments, stdin=stdin, timeout=timeout)
    if check and done.returncode != 0:
        raise DockerError(f"docker {' '.join(arguments)} returned {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.rstrip("\n")


def logs(container: str) -> str:
    """Return all a container wrote: to its standard output, then to its standard error."""
    done = run("logs", container)
    return done.stdout + done.stderr


def inspect(*names: str) -> list[dict[str, t.Any]]:
    """Return docker inspect of containers, volumes, networks or images; nothing for no names."""
    return t.cast("list[dict[str, t.Any]]", json.loads(docker("inspect", *names))) if names else []


def project_containers(project: str, *, running_only: bool = False) -> list[dict[str, t.Any]]:
    """Return docker inspect of the containers of one Compose project."""
    listing = ["ps", "--quiet", "--no-trunc", "--filter", f"label=com.docker.compose.project={project}"]
    return inspect(*docker(*listing, *([] if running_only else ["--all"])).split())


def project_volumes(project: str) -> list[str]:
    """Return the names of the volumes of one Compose project."""
    return docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project}").split()
