# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""All rules about the values of a site together that hold on every target. A rule is a generator of sentences over a Site.

A sentence names the variable, its value, and what to do. Rules never stop one another: a user sees all problems at once.
"""

from __future__ import annotations

import typing as t

from ..model import Site
from ..surroundings import Surroundings
from . import address, code, servers

Rule = t.Callable[[Site, Surroundings], t.Iterator[str]]

RULES: tuple[Rule, ...] = (
    address.address_is_given,
    address.one_host_name,
    address.scheme_and_tls,
    address.certificate,
    address.usable_pair,
    code.branch,
    code.inputs,
    code.image,
    code.base_mirrors,
    code.database_version,
    code.language,
    servers.database,
    servers.own_database,
    servers.sessions,
    servers.cache,
    servers.unused_servers,
    servers.mail,
)
WARNINGS: tuple[Rule, ...] = (
    servers.no_mail_catcher,
    servers.no_mail_server,
)
