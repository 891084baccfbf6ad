# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about database, session store, cache and mail: what the site brings itself, and what is there already."""

from __future__ import annotations

import re
import typing as t

from ..model import Site
from ..surroundings import Surroundings

# Names that PostgreSQL keeps for itself: CREATE ROLE and CREATE DATABASE fail with them.
TAKEN_USER, TAKEN_NAME = re.compile(r"postgres|pg_.*"), re.compile(r"postgres|template[01]")


def database(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """An existing server needs a password, and verify-full needs an authority; the own server takes neither."""
    row, given = site.database, site.given("database_password")
    if row.host and not given and not row.password_file:
        yield f"moodle_database_host is {row.host!r}, so moodle_database_password or moodle_database_password_file is needed; give one."
    if given and row.password_file:
        yield "moodle_database_password and moodle_database_password_file are both given; keep one of them."
    if row.own and (given or row.password_file):
        yield (
            "moodle_database_password is given, but the site's own database generates its password; "
            "remove it, or give moodle_database_host."
        )
    if row.own and row.sslmode != "disable":
        yield (f"moodle_database_sslmode is {row.sslmode}, which is for an existing server; give moodle_database_host, or remove it.")
    if row.sslmode == "verify-full" and not row.sslrootcert:
        yield (
            "moodle_database_sslmode is verify-full without moodle_database_sslrootcert; "
            "name the authority's certificate on the control node."
        )


def own_database(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse names that the site's own server cannot create."""
    rows = (("moodle_database_user", site.database.user, TAKEN_USER), ("moodle_database_name", site.database.name, TAKEN_NAME))
    for option, given, taken in rows:
        if site.database.own and taken.fullmatch(given):
            yield f"{option} is {given!r}, which PostgreSQL keeps for itself; give another name."


def sessions(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """More than one PHP container needs sessions that all of them see quickly; the own store takes no password."""
    if site.php.replicas > 1 and site.session.store != "valkey":
        yield (
            f"moodle_php_replicas is {site.php.replicas} but moodle_session_store is {site.session.store}; "
            "set moodle_session_store to valkey, or moodle_php_replicas to 1."
        )
    if site.given("session_password") and not site.session.host:
        yield (
            "moodle_session_password is given, but the site's own session store generates its password; "
            "remove it, or give moodle_session_host."
        )


def cache(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """The own cache takes no password."""
    if site.given("cache_password") and not site.cache.host:
        yield "moodle_cache_password is given, but the site's own cache has no password; remove it, or give moodle_cache_host."


def unused_servers(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse a server that nothing would be kept in."""
    for name, row in (("session", site.session), ("cache", site.cache)):
        if row.host and row.store != "valkey":
            yield (
                f"moodle_{name}_host is {row.host!r} but moodle_{name}_store is {row.store}; "
                f"remove moodle_{name}_host, or set moodle_{name}_store to valkey."
            )


def mail(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """A mail catcher that is asked for must be there, and excludes a real mail server."""
    if site.mail.requested and site.smtp.host:
        yield "moodle_mail_catcher is true and moodle_smtp_host is given; keep one of them."
    if site.mail.requested and not site.image.reference and not site.mail.catcher_binary:
        yield (
            f"moodle_mail_catcher is true but its program {site.mail.catcher_binary.given!r} does not exist on the control node; "
            "name MailHog or Mailpit in moodle_mail_catcher_binary, or set moodle_mail_catcher to false."
        )


def no_mail_catcher(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Tell a developer why there is no mail catcher."""
    expected = site.development and site.mail.requested is None and not site.smtp.host
    if expected and not site.mail.catcher:
        program = site.mail.catcher_binary.given
        yield (
            f"The site runs without mail catcher, because its program {program} does not exist on the control node; "
            "moodle_mail_catcher_binary names another."
        )


def no_mail_server(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Tell an operator that no mail will leave, or by a server that only the database knows."""
    if not site.smtp.host and not site.mail.catcher and not site.no_email:
        yield "moodle_smtp_host is not given: Moodle cannot deliver mail unless its database names a mail server."
