# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The environment of the site image: the same on every target but for what a target brings itself.

The image's own table (etc/environment.json there) says which variables exist. MOODLE_CRON_KEEP_ALIVE repeats the option
moodle_cron_keep_alive, and so does every other one that has an option of its name, so an option of the image is passed on without a
word here.
"""

from __future__ import annotations

import json
import typing as t

from . import secrets
from ._places import by_option
from .model import Site

Table = t.Mapping[str, t.Mapping[str, t.Any]]
# What the target says of a variable: its text, or None for none.
Own = t.Mapping[str, t.Optional[str]]

# Who reads a variable, by what runs in a container; "install" adds to "site".
READERS = {"site": ("all", "site", "php"), "install": ("install",)}
SECRETS = "/run/secrets"
# What a mail server is told with; not to be there without one.
SMTP = ("MOODLE_SMTP_PORT", "MOODLE_SMTP_SECURITY", "MOODLE_SMTP_USER", "MOODLE_SMTP_PASSWORD_FILE")

AS_TEXT: dict[str, t.Callable[[t.Any], str]] = {
    "boolean": lambda value: str(value).lower(),
    # Sizes of a description are megabytes.
    "size": lambda value: f"{value}M",
    "settings": lambda value: json.dumps(value, sort_keys=True),
}


def environments(table: Table, site: Site, own: Own) -> dict[str, dict[str, str]]:
    """Return the variables of the containers that run Moodle, and those that an installation has besides, in the table's order."""
    given = {**_of_options(table, site), **_of_secrets(table, site), **_of_mail(site), **own}
    return {
        kind: {name: text for name, row in table.items() if row["reader"] in readers and (text := given.get(name)) is not None}
        for kind, readers in READERS.items()
    }


def _of_options(table: Table, site: Site) -> dict[str, t.Optional[str]]:
    values = by_option(site)
    # A file of the control node is none of a container.
    found = {name: values.get(name.lower()) for name, row in table.items() if row["type"] != "file"}
    return {name: AS_TEXT.get(table[name]["type"], str)(value) for name, value in found.items() if value not in (None, "")}


def _of_secrets(table: Table, site: Site) -> dict[str, t.Optional[str]]:
    """Each names the file in which a container finds its secret."""
    rows = [(secret.environment, secret.inside or secret.name) for secret in secrets.of_site(site)]
    return {name: f"{SECRETS}/{inside}" for name, inside in rows if name in table}


def _of_mail(site: Site) -> dict[str, t.Optional[str]]:
    """Say nothing of a server that is not there, and of sending none only where that is requested."""
    user = (site.smtp.user or "") if site.given("smtp_password") else None
    found = {"MOODLE_NO_EMAIL": "true" if site.no_email else None, "MOODLE_SMTP_USER": user}
    return found if site.smtp.host else {**found, **dict.fromkeys(SMTP)}
