# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The rules of a site description. Each rule is a generator of sentences over the flat, filled-in values.

A sentence names the variable, its value, and what to do. Rules never stop one another: a user sees all problems at once.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import capacity
from ._derive import derive, identify
from ._rules import address, code, servers, tls
from ._rules import values as rules

Rule = t.Callable[[t.Mapping[str, t.Any], t.Any], t.Iterator[str]]

PROBLEMS: tuple[Rule, ...] = (
    rules.name,
    rules.directory,
    address.address_is_given,
    address.hostname,
    address.url,
    address.url_and_tls_agree,
    tls.certificate,
    tls.acme,
    tls.a_name_to_redirect_to,
    tls.pem_files,
    tls.usable_pair,
    address.trusted_proxies,
    address.ports,
    code.branch,
    code.release,
    code.source,
    code.image,
    code.code_directory,
    code.base_mirrors,
    code.database_version,
    code.languages,
    rules.sizes,
    rules.numbers,
    capacity.room_for_uploads,
    rules.identifiers,
    rules.mail_addresses,
    rules.secrets,
    servers.database,
    servers.own_database,
    servers.sessions,
    servers.cache,
    servers.hosts,
    servers.unused_servers,
    servers.mail_user,
    servers.mail,
    rules.files,
    rules.settings,
    rules.open_secrets,
)
WARNINGS: tuple[Rule, ...] = (
    address.plain_http_for_everybody,
    address.url_port_differs,
    tls.acme_ports,
    capacity.many_workers,
    servers.no_mail_catcher,
    servers.no_mail_server,
)


@dataclasses.dataclass(frozen=True)
class Scope:
    """How much of a description counts.

    options are the names that are read (all where it is None); complete fills in what follows from them.
    """

    problems: tuple[Rule, ...]
    warnings: tuple[Rule, ...]
    complete: t.Callable[[dict[str, t.Any], t.Any], None]
    options: t.Optional[frozenset[str]] = None

    def reads(self, name: str) -> bool:
        """Return whether the value of an option counts."""
        return self.options is None or name in self.options


SCOPES = {
    "site": Scope(PROBLEMS, WARNINGS, derive),
    # Nothing that removal does not need may keep a site from being removed: a certificate has expired, a branch is past support.
    "removal": Scope(
        (rules.name, rules.directory),
        (),
        identify,
        frozenset({"moodle_name", "moodle_target", "moodle_directory", "moodle_destroy_data"}),
    ),
}


@dataclasses.dataclass(frozen=True)
class Checked:
    """Sentences about what is wrong, and about what is allowed but doubtful."""

    problems: list[str]
    warnings: list[str]


def check(values: t.Mapping[str, t.Any], around: t.Any, scope: Scope) -> Checked:
    """Apply the rules of a scope to the filled-in values."""
    return Checked(
        [sentence for rule in scope.problems for sentence in rule(values, around)],
        [sentence for rule in scope.warnings for sentence in rule(values, around)],
    )
