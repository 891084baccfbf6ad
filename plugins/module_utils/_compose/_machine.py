# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a machine must offer before a site is brought up on it: pure judgement over facts that the module collects."""

from __future__ import annotations

import dataclasses
import re
import typing as t

COMPOSE_MINIMUM = (2, 20)
GIGABYTE = 1024**3


@dataclasses.dataclass(frozen=True)
class Machine:
    """What was found. engine is the version or empty, engine_error why the engine does not answer, compose the version or empty.

    free maps a directory to its free bytes, cpus and memory are the engine's. ports are those that cannot be listened on, with
    the kind of reason; servers are those that do not answer, with what came back; paths are those that are not what they should be.
    """

    docker: bool
    engine: str = ""
    engine_error: str = ""
    compose: str = ""
    cpus: int = 0
    memory: int = 0
    free: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    ports: t.Sequence[tuple[str, int, str, str]] = ()
    servers: t.Sequence[tuple[str, int, str, str]] = ()
    paths: t.Sequence[tuple[str, str, str]] = ()


@dataclasses.dataclass(frozen=True)
class Needs:
    """What the site needs: free bytes on disk, processors of its largest container, and the memory of all containers in bytes."""

    disk: int
    cpus: float
    memory: int


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version, for example (2, 40, 3) of v2.40.3-desktop.1."""
    match = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", text.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


# Why a port cannot be listened on, in words.
PORT_REASONS = {
    "taken": "{variable} is {port}, but another program already listens on {address} port {port}; stop it, or choose another port.",
    "no address": "{variable} cannot be published on {address}, which is no address of the machine; correct moodle_bind_address.",
}


def missing(machine: Machine) -> list[str]:
    """Return one sentence for the first of Docker's parts that is not there; the others cannot be asked about without it."""
    if not machine.docker:
        return ["The command docker does not exist on the machine; install Docker, for example with the role campus.moodle.docker_engine."]
    if not machine.engine:
        return [
            f"The Docker engine does not answer ({machine.engine_error}); start it with 'systemctl start docker', or "
            "'service docker start' on a machine without systemd, and make sure this user may reach it."
        ]
    if version_of(machine.compose) < COMPOSE_MINIMUM:
        has = f"is {machine.compose}" if machine.compose else "is missing"
        least = ".".join(map(str, COMPOSE_MINIMUM))
        return [
            f"Docker's Compose plugin {has}, but {least} or later is needed; install it, for example with the role "
            "campus.moodle.docker_engine."
        ]
    return []


def problems(machine: Machine, needs: Needs) -> list[str]:
    """Return one sentence for each other thing that stops the run."""
    found = [
        f"{directory} has {size / GIGABYTE:.1f} GB of free disk space, but moodle_disk_minimum asks for "
        f"{needs.disk / GIGABYTE:.1f} GB; free some, or lower it."
        for directory, size in machine.free.items()
        if size < needs.disk
    ]
    found += [
        PORT_REASONS[reason].format(variable=variable, address=address, port=port) for address, port, variable, reason in machine.ports
    ]
    found += [
        f"{variable} is {host}, but no server answers on its port {port} ({reason}); correct it, or start the server and let this machine "
        "reach it."
        for host, port, variable, reason in machine.servers
    ]
    found += [
        f"{variable} is {path}, which is no {kind} of the machine, or an empty one; correct it." for path, kind, variable in machine.paths
    ]
    if machine.engine and needs.cpus > machine.cpus:
        found.append(
            f"A container of the site is to get {needs.cpus:g} processors, but the machine has {machine.cpus}; "
            "choose a smaller moodle_size, or lower the variables that end in _cpus."
        )
    return found


def warnings(machine: Machine, needs: Needs) -> list[str]:
    """Return one sentence for each thing that is allowed but doubtful."""
    if machine.engine and needs.memory > machine.memory:
        return [
            f"The containers may use {needs.memory / GIGABYTE:.1f} GB of memory together, "
            f"but the machine has {machine.memory / GIGABYTE:.1f} GB."
        ]
    return []
