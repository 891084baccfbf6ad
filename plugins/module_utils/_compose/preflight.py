# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Checks that a machine can carry a site: the story of compose_preflight.

First the facts are collected (measure), then they are compared with what is needed (missing, problems, warnings). Nothing is changed.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import shutil
import socket
import typing as t

from .._tool.errors import ToolError
from .._tool.process import Run
from .._tool.sizes import in_gigabytes
from . import project
from .project import LABEL_PROJECT

COMPOSE_MINIMUM = (2, 20)
CONNECT_SECONDS = 5
# What the sentences about ports are chosen by. A kernel without IPv6 has no address of that kind, and does not even make the socket.
PORT_KINDS = {errno.EADDRINUSE: "taken", errno.EADDRNOTAVAIL: "no address", errno.EAFNOSUPPORT: "no address"}
# Why a port cannot be listened on, in words.
PORT_REASONS = {
    "taken": "{variable} is {port}, but another program already listens on {address} port {port}; stop it, or choose another port.",
    "no address": "{variable} cannot be published on {address}, which is not an address of the machine; correct moodle_bind_address.",
}


def _rows(**options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the argument spec of a list of dicts whose keys are all required."""
    required = {name: {**option, "required": True} for name, option in options.items()}
    return {"type": "list", "elements": "dict", "default": [], "options": required}


ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **project.ARGUMENTS,
    "ports": _rows(address={"type": "str"}, port={"type": "int"}, variable={"type": "str"}),
    "servers": _rows(host={"type": "str"}, port={"type": "int"}, variable={"type": "str"}),
    "paths": _rows(path={"type": "path"}, kind={"type": "str", "choices": ["file", "directory"]}, variable={"type": "str"}),
    "disk": {"type": "int", "default": 0},
    "cpus": {"type": "float", "default": 0},
    "memory": {"type": "int", "default": 0},
}


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


def run(docker: t.Optional[Run], params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Survey the machine and report what it lacks. docker runs its command; None where there is none."""
    machine = measure(docker, params)
    needs = Needs(params["disk"], params["cpus"], params["memory"])
    lacking, found, doubts = missing(machine), problems(machine, needs), warnings(machine, needs)
    if check_mode:
        doubts += [f"{sentence} In check mode the run goes on without it." for sentence in lacking]
    else:
        found = lacking + found
    if found:
        listed = "\n".join(f"- {sentence}" for sentence in found)
        msg = f"The machine cannot carry the site yet; nothing was changed.\n{listed}"
        raise ToolError(msg, error="machine", problems=found, warnings=doubts)
    return {"changed": False, "engine": machine.engine, "compose": machine.compose, "problems": [], "warnings": doubts}


def measure(run: t.Optional[Run], params: t.Mapping[str, t.Any]) -> Machine:
    """Collect the facts. run runs docker; None where there is none."""
    info, engine_error = engine_of(run) if run else ({}, "")
    running = bool(info.get("ServerVersion"))
    own = own_ports(run, params["project"]) if run and running else set()
    compose = run(["docker", "compose", "version", "--short"], None) if run and running else None
    directories = {existing(params["directory"]), existing(info.get("DockerRootDir") or "/")}
    return Machine(
        docker=run is not None,
        engine=info.get("ServerVersion") or "",
        engine_error=engine_error,
        compose=compose.out.strip() if compose and compose.rc == 0 else "",
        cpus=info.get("NCPU", 0),
        memory=info.get("MemTotal", 0),
        free={directory: shutil.disk_usage(directory).free for directory in sorted(directories)},
        ports=[
            (row["address"], row["port"], row["variable"], reason)
            for row in params["ports"]
            if row["port"] not in own and (reason := not_free(row["address"], row["port"]))
        ],
        servers=[
            (row["host"], row["port"], row["variable"], reason)
            for row in params["servers"]
            if (reason := no_answer(row["host"], row["port"]))
        ],
        paths=[(row["path"], row["kind"], row["variable"]) for row in params["paths"] if not is_there(row["path"], row["kind"])],
    )


def engine_of(run: Run) -> tuple[dict[str, t.Any], str]:
    """Return what the engine says of itself, and why it does not answer."""
    answer = run(["docker", "info", "--format", "{{json .}}"], None)
    info: dict[str, t.Any] = json.loads(answer.out) if answer.out.strip().startswith("{") else {}
    return info, "; ".join(info.get("ServerErrors") or [answer.err.strip()])


def own_ports(run: Run, project: str) -> set[int]:
    """Return the ports of the machine that the project's containers publish."""
    # The literal text keeps Docker's template apart from Ansible's.
    listing = run(["docker", "ps", "--filter", f"label={LABEL_PROJECT}={project}", "--format", "{{json .Ports}}"], None)
    published = (part.split("->")[0] for line in listing.out.splitlines() for part in json.loads(line).split(", ") if "->" in part)
    # Ports in a row are one entry: 127.0.0.1:11025-11026->1025-1026/tcp.
    spans = ([int(end) for end in part.rpartition(":")[2].split("-")] for part in published)
    return {port for span in spans for port in range(span[0], span[-1] + 1)}


def not_free(address: str, port: int) -> str:
    """Return the kind of reason why nothing can listen on the address and port; empty when something could."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        # Whether this user may listen on a low port says nothing: the engine will.
        return PORT_KINDS.get(error.errno or 0, "")
    return ""


def no_answer(host: str, port: int) -> str:
    """Return why a server does not take a connection; empty when it does."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS):
            return ""
    except socket.gaierror:
        return "the name is not known"
    except OSError as error:
        return error.strerror or f"nothing came back within {CONNECT_SECONDS} seconds"


def is_there(path: str, kind: str) -> bool:
    """Return whether a path is a directory, or a file that is not empty."""
    return os.path.isdir(path) if kind == "directory" else os.path.isfile(path) and os.path.getsize(path) > 0


def existing(path: str) -> str:
    """Return the nearest directory above a path that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


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
        f"{directory} has {in_gigabytes(size)} of free disk space, but moodle_disk_minimum asks for "
        f"{in_gigabytes(needs.disk)}; free some, or lower it."
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
        f"{variable} is {path}, which is not a {kind} of the machine, or is empty; correct it." for path, kind, variable in machine.paths
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
            f"The containers may use {in_gigabytes(needs.memory)} of memory together, but the machine has {in_gigabytes(machine.memory)}."
        ]
    return []


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version, for example (2, 40, 3) of v2.40.3-desktop.1."""
    match = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", text.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()
