# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Two sites of one inventory that want the same thing of one machine. The one that comes first in the inventory has it.

A site that runs holds its ports, which the machine itself can tell; two new ones would meet only while they start.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import posixpath
import typing as t

LOCAL = ("local", "ansible.builtin.local")


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a site wants of its machine. ports are rows of address, port and variable."""

    host: str
    name: str
    directory: str
    ports: tuple[tuple[str, int, str], ...]


def machine_of(host: str, variables: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Return what tells one machine from another: its address and the port of its SSH server."""
    if variables.get("ansible_connection") in LOCAL:
        return "local", ""
    return str(variables.get("ansible_host") or host).lower(), str(variables.get("ansible_port") or "")


def claim_of(host: str, spec: t.Mapping[str, t.Any]) -> Claim:
    """Return what a complete description wants; one that is to be removed wants no ports."""
    ports = tuple((row["address"], row["port"], row["variable"]) for row in spec.get("ports", ()))
    return Claim(host, spec["name"], spec["directory"], ports)


def overlap(one: str, other: str) -> bool:
    """Whether two addresses to listen on exclude each other on the same port."""
    return one == other or any(ipaddress.ip_address(address).is_unspecified for address in (one, other))


def within(one: str, other: str) -> bool:
    """Whether a directory is the other one or lies in it."""
    inner, outer = (posixpath.normpath(directory) for directory in (one, other))
    return inner == outer or inner.startswith(f"{outer}/")


def clashes(mine: Claim, others: t.Iterable[Claim]) -> t.Iterator[str]:
    """Yield a sentence for each thing that another site has already."""
    for other in others:
        if mine.name == other.name:
            yield (
                f"The inventory hosts {mine.host} and {other.host} are sites of one machine with the same name {mine.name!r}, so they "
                "would share containers and data; give one of them another moodle_name."
            )
            continue
        # One inside the other would go with it when its data are removed.
        if within(mine.directory, other.directory) or within(other.directory, mine.directory):
            yield (
                f"moodle_directory is {mine.directory!r}, but the site {other.host} on the same machine has {other.directory!r}; give each "
                "a directory of its own, none inside the other."
            )
        for address, port, variable in mine.ports:
            taken = [name for where, number, name in other.ports if number == port and overlap(address, where)]
            if taken:
                yield f"{variable} is {port}, which is {taken[0]} of the site {other.host} on the same machine; give each its own port."
