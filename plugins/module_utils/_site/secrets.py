# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The secrets of a site: one table from which variables, files, mounts and documentation follow. No value is ever here."""

from __future__ import annotations

import dataclasses
import typing as t

from .model import Site

# Readers that run the site image: everything that runs Moodle, and the commands that install it. Every other one is a server.
MOODLE, INSTALL = "moodle", "install"


def _always(_site: Site) -> bool:
    return True


def _none(_site: Site) -> str:
    return ""


@dataclasses.dataclass(frozen=True)
class Secret:
    """One secret.

    name      of the secret and of its file; a site that was made earlier has its files under these names
    what      it is, in words
    readers   what reads it
    variable  the option that gives it; where none is given, a value is generated and kept
    when      whether a site has it
    source    a file on the machine that holds the value
    file      a file on the control node that is the value
    inside    its name in a container, where that is another one
    variable_inside  the variable of the image that names its file, where its name does not say so
    once      whether the value counts for the installation alone, because Moodle keeps a copy of its own
    """

    name: str
    what: str
    readers: tuple[str, ...]
    variable: str = ""
    when: t.Callable[[Site], bool] = _always
    source: t.Callable[[Site], t.Optional[str]] = _none
    file: t.Callable[[Site], str] = _none
    inside: str = ""
    variable_inside: str = ""
    once: bool = False

    @property
    def environment(self) -> str:
        """The variable of the site image that names its file in a container."""
        return self.variable_inside or f"MOODLE_{(self.inside or self.name).upper()}_FILE"


SECRETS = (
    Secret("admin_password", "first password of the administrator", (INSTALL,), "moodle_admin_password", once=True),
    # Under two names: PostgreSQL takes its password when it is first started, so a site that comes back to its own database needs the
    # file from then.
    Secret("database_password", "password of the site's own database", (MOODLE, "postgres", "pooler"), when=lambda site: site.database.own),
    Secret(
        "external_database_password",
        "password of an existing database",
        (MOODLE, "pooler"),
        "moodle_database_password",
        when=lambda site: not site.database.own,
        source=lambda site: site.database.password_file,
        inside="database_password",
    ),
    Secret("salt", "mixed into every password that Moodle keeps", (MOODLE,)),
    Secret(
        "former_peppers",
        "peppers of the site that this one was before",
        (MOODLE,),
        "moodle_former_peppers",
        when=lambda site: site.given("former_peppers"),
    ),
    Secret(
        "session_password",
        "password of the session store",
        (MOODLE, "valkey-sessions"),
        "moodle_session_password",
        when=lambda site: site.session.own or site.given("session_password"),
    ),
    Secret(
        "cache_password",
        "password of an existing cache",
        (MOODLE,),
        "moodle_cache_password",
        when=lambda site: site.given("cache_password"),
    ),
    Secret(
        "smtp_password",
        "password at the mail server",
        (MOODLE,),
        "moodle_smtp_password",
        when=lambda site: site.given("smtp_password"),
    ),
    Secret(
        "database_authority",
        "certificate of the authority of the database",
        (MOODLE, "pooler"),
        variable_inside="MOODLE_DATABASE_SSLROOTCERT",
        when=lambda site: bool(site.database.sslrootcert),
        file=lambda site: site.database.sslrootcert.path,
    ),
    Secret(
        "tls_certificate",
        "certificate of the site",
        ("proxy",),
        when=lambda site: site.tls.mode == "certificate",
        file=lambda site: site.tls.certificate.path,
    ),
    Secret(
        "tls_private_key",
        "private key of that certificate",
        ("proxy",),
        when=lambda site: site.tls.mode == "certificate",
        file=lambda site: site.tls.private_key.path,
    ),
)

# The options whose values are secrets. Settings of Moodle may be, too, and Moodle keeps those itself.
PASSWORDS = tuple(secret.variable for secret in SECRETS if secret.variable)
SETTINGS = "moodle_secret_settings"
# How restic gets at the backups. An address can hold a password, and the environment the keys of an object store.
REPOSITORY = ("moodle_backup_repository", "moodle_backup_password", "moodle_backup_environment")


def of_site(site: Site) -> list[Secret]:
    """Return the secrets that a site has."""
    return [secret for secret in SECRETS if secret.when(site)]


def described(site: Site) -> dict[str, t.Any]:
    """Return what a description says of its secrets: their names and readers, and from where the given values come."""
    rows = of_site(site)
    given = {secret.name: secret.variable for secret in rows if site.given(secret.variable.removeprefix("moodle_"))}
    return {
        "secrets": [
            {
                "name": secret.name,
                "inside": secret.inside or secret.name,
                "readers": list(secret.readers),
                "source": secret.source(site) or None,
                "once": secret.once,
            }
            for secret in rows
        ],
        "secret_variables": given,
        "secret_files": {secret.name: secret.file(site) for secret in rows if secret.file(site)},
    }
