# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Two sites of one inventory that request the same thing of one machine. The one that comes first in the inventory has it.

A site that runs holds its ports, which the machine itself can tell; two new ones would meet only while they start.
"""

from __future__ import annotations

import ipaddress
import posixpath
import typing as t

from .target import Claims, Neighbour

LOCAL = ("local", "ansible.builtin.local")


def machine_of(host: str, variables: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Return what tells one machine from another: its address and the port of its SSH server."""
    if variables.get("ansible_connection") in LOCAL:
        return "local", ""
    return str(variables.get("ansible_host") or host).lower(), str(variables.get("ansible_port") or "")


def overlap(one: str, other: str) -> bool:
    """Whether two addresses to listen on exclude each other on the same port."""
    return one == other or any(ipaddress.ip_address(address).is_unspecified for address in (one, other))


def within(one: str, other: str) -> bool:
    """Whether a directory is the other one or lies in it."""
    inner, outer = (posixpath.normpath(directory) for directory in (one, other))
    return inner == outer or inner.startswith(f"{outer}/")


def clashes(mine: Neighbour, others: t.Iterable[Neighbour]) -> t.Iterator[str]:
    """Yield a sentence for each thing that another site of the machine has already. A site that is to be removed requests no ports."""
    for other in others:
        if mine.spec["name"] == other.spec["name"]:
            yield (
                f"The inventory hosts {mine.host} and {other.host} are sites of one machine with the same name {mine.spec['name']!r}, "
                "so they would share containers and data; give one of them another moodle_name."
            )
            continue
        # One inside the other would go with it when its data are removed.
        directory, taken = mine.spec["directory"], other.spec["directory"]
        if within(directory, taken) or within(taken, directory):
            yield (
                f"moodle_directory is {directory!r}, but the site {other.host} on the same machine has {taken!r}; give each "
                "a directory of its own, none inside the other."
            )
        yield from _ports_taken(mine, other)


def _ports_taken(mine: Neighbour, other: Neighbour) -> t.Iterator[str]:
    for row in mine.spec["target"].get("ports", ()):
        holders = [
            held["variable"]
            for held in other.spec["target"].get("ports", ())
            if held["port"] == row["port"] and overlap(row["address"], held["address"])
        ]
        if holders:
            yield (
                f"{row['variable']} is {row['port']}, which is {holders[0]} of the site {other.host} on the same machine; "
                "give each its own port."
            )


CLAIMS = Claims(place=machine_of, clashes=clashes)
