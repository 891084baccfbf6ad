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

from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_capacity as capacity
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_rules as rules
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_rules_address as address
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_rules_code as code
from ansible_collections.campus.moodle.plugins.module_utils import _site_spec_rules_tls as tls

Rule = t.Callable[[t.Mapping[str, t.Any], t.Any], t.Iterator[str]]

PROBLEMS: tuple[Rule, ...] = (
    rules.name,
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
    code.database_version,
    code.languages,
    rules.sizes,
    rules.numbers,
    capacity.room_for_uploads,
    rules.identifiers,
    rules.mail_addresses,
    rules.secrets,
    rules.database,
    rules.sessions,
    rules.files,
    rules.settings,
    rules.open_secrets,
    rules.mail,
)
WARNINGS: tuple[Rule, ...] = (
    address.plain_http_for_everybody,
    address.url_port_differs,
    capacity.many_workers,
    rules.no_mail_catcher,
    rules.no_mail_server,
)


@dataclasses.dataclass(frozen=True)
class Checked:
    """Sentences about what is wrong, and about what is allowed but doubtful."""

    problems: list[str]
    warnings: list[str]


def check(values: t.Mapping[str, t.Any], around: t.Any) -> Checked:
    """Apply every rule to the filled-in values."""
    return Checked(
        [sentence for rule in PROBLEMS for sentence in rule(values, around)],
        [sentence for rule in WARNINGS for sentence in rule(values, around)],
    )
