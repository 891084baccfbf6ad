# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Looks at a machine for what a site needs of it: ports, servers, paths, disk. Reads and connects, and changes nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import typing as t

from .._tool.process import Run
from ._machine import Machine
from .project import LABEL_PROJECT

CONNECT_SECONDS = 5
# What the sentences about ports are chosen by. A kernel without IPv6 has no address of that kind, and does not even make the socket.
PORT_KINDS = {errno.EADDRINUSE: "taken", errno.EADDRNOTAVAIL: "no address", errno.EAFNOSUPPORT: "no address"}


def survey(run: t.Optional[Run], params: t.Mapping[str, t.Any]) -> Machine:
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
