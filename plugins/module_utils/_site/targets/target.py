# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a target is: everything that the description of a site has to know of the platform that it runs on.

A new target is one file here with its Target, one line in table.py, and one role target_<name> with its tasks.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Site
from ..surroundings import Surroundings

# A rule yields a sentence for each thing that is wrong, or doubtful, about the values of a site together. own holds the options
# of the target.
Rule = t.Callable[[Site, t.Any, Surroundings], t.Iterator[str]]


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """A site of the inventory next to others of the same target: its inventory host and its complete description."""

    host: str
    spec: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Claims:
    """What two sites cannot share.

    place returns, from the name and the Ansible variables of an inventory host, where its site runs: sites of two places never meet.
    clashes yields a sentence for each thing that a site requests and that an earlier one of the same place has already.
    """

    place: t.Callable[[str, t.Mapping[str, t.Any]], t.Hashable]
    clashes: t.Callable[[Neighbour, t.Iterable[Neighbour]], t.Iterator[str]]


@dataclasses.dataclass(frozen=True)
class Target:
    """A platform for sites.

    what        it, in a few words that continue "this site is for kubernetes, "
    options     class whose fields are the options that this target reads and not every other one; see forms.py
    identity    the options that tell a site from others, all that its removal reads
    identify    return those facts of the description that its removal needs. Below "target" it has, where a site's files lie on its
                machine, so that they can be backed up, replaced and taken over there,
                  files     directory (what opens the site, and the marks of runs that were cut), definition (the file in it that
                            an installed site has) and moodledata (a regular expression for its path, which fits no other)
    complete    return the target's own facts of the description. Below "target" it has to have
                  runner    the way into the site, as the modules moodle_* take it
                  visit     the way to look at it: address, port and tls, as site_verify takes them
    ports       for each scheme the option with the port that users reach, where that is not the scheme's own
    rules       what is wrong with values together, on this platform; warnings: what is doubtful
    claims      what two sites cannot share
    """

    name: str
    what: str
    options: type
    identity: frozenset[str]
    identify: t.Callable[[Site, t.Any], dict[str, t.Any]]
    complete: t.Callable[[Site, t.Any, Surroundings], dict[str, t.Any]]
    claims: Claims
    ports: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    warnings: tuple[Rule, ...] = ()
