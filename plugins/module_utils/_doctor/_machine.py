# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is collected on any machine, whatever the site runs on."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import os
import platform
import re
import typing as t

from .._tool.process import Run
from .report import Collector
from .world import World, ran


@dataclasses.dataclass(frozen=True)
class Machine:
    """The machine of a site: how programs run there, the world around it, and what the control node knows.

    site is the description of the site, as much of it as there is, problems is what is wrong with it. control has the versions of the
    control node, the addresses that it finds for the site's name, and how far apart the two clocks are.
    """

    run: Run
    world: World
    site: t.Mapping[str, t.Any]
    problems: t.Sequence[str]
    control: t.Mapping[str, t.Any]
    log_lines: int

    def printed(self, *command: str) -> str:
        """Return what a program prints; ToolError where it fails or does not exist."""
        return ran(self.run, [*command], command[0]).out


def addresses(machine: Machine) -> t.Iterator[str]:
    """Yield the addresses of the machine itself, and of the servers that the site is made of; they are no visitors'."""
    yield from machine.control.get("addresses") or ()
    for name, read in OWN_ADDRESSES.items():
        with contextlib.suppress(OSError):
            yield from read(machine.world.read(name))
    for path in HOSTS:
        host: t.Any = machine.site
        for key in path:
            host = (host or {}).get(key)
        with contextlib.suppress(OSError):
            yield from machine.world.resolve(host) if host else ()


def _versions(machine: Machine) -> dict[str, t.Any]:
    release = dict(line.rstrip().split("=", 1) for line in machine.world.read("/etc/os-release").splitlines() if "=" in line)
    return {
        "control_node": machine.control.get("versions", {}),
        "machine": {
            "system": release.get("PRETTY_NAME", "").strip('"'),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
    }


def _memory(machine: Machine) -> dict[str, t.Any]:
    read = machine.world.read
    return {
        "load": read("/proc/loadavg").split()[:3],
        "processors": os.cpu_count(),
        "up_seconds": float(read("/proc/uptime").split()[0]),
        "memory": memory_of(machine.world),
    }


def memory_of(world: World) -> dict[str, str]:
    """Return what the kernel says of the memory: names and sizes such as 8388608kB."""
    return dict(line.split(":", 1) for line in world.read("/proc/meminfo").replace(" ", "").splitlines() if ":" in line)


def _journal(machine: Machine) -> str:
    command = (
        "journalctl",
        "--no-pager",
        "--output=short-iso-precise",
        f"--lines={machine.log_lines}",
        "--unit=docker",
        "--unit=containerd",
    )
    return machine.printed(*command)


# Where the kernel tells the machine's own addresses, and how.
OWN_ADDRESSES: dict[str, t.Callable[[str], list[str]]] = {
    "/proc/net/fib_trie": re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL").findall,
    "/proc/net/if_inet6": lambda text: [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in text.splitlines()],
}
HOSTS = (("hostname",), ("smtp", "host"), ("database", "host"), ("session", "host"), ("cache", "host"))
COLLECTORS = (
    Collector("description.json", "the site as the inventory describes it, and what is wrong with that", lambda machine: {
        "problems": machine.problems, "site": machine.site}),
    Collector("versions/machine.json", "versions of the control node and of the machine", _versions),
    Collector("state/clock.json", "the clocks of control node and machine", lambda machine: {
        "control_node": machine.control.get("clock", {}), "machine": machine.world.now(), "synchronised": machine.world.synchronised(),
        "time_zone": machine.world.zone()}),
    Collector("state/memory.json", "memory, load and processors", _memory),
    Collector("state/disks.txt", "use of the disks", lambda machine: machine.printed("df", "-P", "-k")),
    Collector("state/inodes.txt", "use of the inodes", lambda machine: machine.printed("df", "-P", "-i")),
    Collector("logs/journal.log", "the journal of the container engine, where systemd is there", _journal, personal=True),
)  # fmt: skip
