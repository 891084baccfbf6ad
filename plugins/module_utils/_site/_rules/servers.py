# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about database, session store, cache and mail: what the site brings itself, and what is there already."""

from __future__ import annotations

import re
import typing as t

from .. import types
from .address import is_development, wants_catcher

Values = t.Mapping[str, t.Any]

# Where a store can be, the choice that needs no server, and the server.
UNUSED_SERVERS = (
    ("moodle_session_store", "database", "moodle_session_host"),
    ("moodle_cache_store", "file", "moodle_cache_host"),
)

# Names that PostgreSQL keeps for itself: CREATE ROLE and CREATE DATABASE fail with them.
TAKEN = (("moodle_database_user", re.compile(r"postgres|pg_.*")), ("moodle_database_name", re.compile(r"postgres|template[01]")))


def database(values: Values, _around: t.Any) -> t.Iterator[str]:
    """An existing server needs a password, and verify-full needs an authority; the own server takes neither."""
    host = values["moodle_database_host"]
    password, file = values["moodle_database_password"], values["moodle_database_password_file"]
    if host and not types.is_hostname(host):
        yield f"moodle_database_host is {host!r}, which is no host name; give the name or address of the PostgreSQL server."
    if host and (host == "localhost" or host.startswith("127.")):
        yield (
            f"moodle_database_host is {host!r}, which inside a container is the container itself; give the machine's name or address "
            "in the network."
        )
    if host and password is None and not file:
        yield f"moodle_database_host is {host!r}, so moodle_database_password or moodle_database_password_file is needed; give one."
    if password and file:
        yield "moodle_database_password and moodle_database_password_file are both given; keep one of them."
    if not host and (password or file):
        yield (
            "moodle_database_password is given, but the site's own database generates its password; "
            "remove it, or give moodle_database_host."
        )
    if not host and values["moodle_database_sslmode"] != "disable":
        yield (
            f"moodle_database_sslmode is {values['moodle_database_sslmode']}, which is for an existing server; "
            "give moodle_database_host, or remove it."
        )
    if values["moodle_database_sslmode"] == "verify-full" and not values["moodle_database_sslrootcert"]:
        yield (
            "moodle_database_sslmode is verify-full without moodle_database_sslrootcert; "
            "name the authority's certificate on the control node."
        )


def own_database(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse names that the site's own server cannot create."""
    for option, taken in TAKEN:
        if not values["moodle_database_host"] and taken.fullmatch(values[option]):
            yield f"{option} is {values[option]!r}, which PostgreSQL keeps for itself; give another name."


def sessions(values: Values, _around: t.Any) -> t.Iterator[str]:
    """More than one PHP container needs sessions that all of them see quickly."""
    replicas = values["moodle_php_replicas"]
    if replicas > 1 and values["moodle_session_store"] != "valkey":
        yield (
            f"moodle_php_replicas is {replicas} but moodle_session_store is {values['moodle_session_store']}; "
            "set moodle_session_store to valkey, or moodle_php_replicas to 1."
        )
    if values["moodle_session_password"] and not values["moodle_session_host"]:
        yield (
            "moodle_session_password is given, but the site's own session store generates its password; "
            "remove it, or give moodle_session_host."
        )


def cache(values: Values, _around: t.Any) -> t.Iterator[str]:
    """The own cache takes no password."""
    if values["moodle_cache_password"] and not values["moodle_cache_host"]:
        yield "moodle_cache_password is given, but the site's own cache has no password; remove it, or give moodle_cache_host."


def hosts(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what is no host name."""
    for option in ("moodle_session_host", "moodle_cache_host", "moodle_smtp_host"):
        if values[option] and not types.is_hostname(values[option]):
            yield f"{option} is {values[option]!r}, which is no host name; give the name or address of the server."


def unused_servers(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a server that nothing would be kept in."""
    for option, elsewhere, host in UNUSED_SERVERS:
        if values[option] == elsewhere and values[host]:
            yield f"{host} is {values[host]!r} but {option} is {elsewhere}; remove {host}, or set {option} to valkey."


def mail_user(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a user that could not sign in."""
    if values["moodle_smtp_user"] and values["moodle_smtp_password"] is None:
        yield "moodle_smtp_user is given without moodle_smtp_password; give the password, or remove the user."


def mail(values: Values, around: t.Any) -> t.Iterator[str]:
    """A mail catcher that is asked for must be there, and excludes a real mail server."""
    if values["moodle_mail_catcher"] and values["moodle_smtp_host"]:
        yield "moodle_mail_catcher is true and moodle_smtp_host is given; keep one of them."
    named = values["moodle_mail_catcher_binary"]
    if values["moodle_mail_catcher"] and not values["moodle_image"] and around.find(named or around.catcher) is None:
        yield (
            f"moodle_mail_catcher is true but its program {named or around.catcher!r} does not exist on the control node; "
            "build it (scripts/setup.sh mailhog), or set moodle_mail_catcher to false."
        )


def no_mail_catcher(values: Values, around: t.Any) -> t.Iterator[str]:
    """Tell a developer why there is no mail catcher."""
    wanted = values["moodle_mail_catcher"] is None and is_development(values) and not values["moodle_image"]
    program = values["moodle_mail_catcher_binary"] or around.catcher
    if wanted and not values["moodle_smtp_host"] and around.find(program) is None:
        yield f"The site runs without mail catcher, because its program {program} does not exist on the control node."


def no_mail_server(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Tell an operator that no mail will leave."""
    if not values["moodle_smtp_host"] and not wants_catcher(values) and not values["moodle_no_email"]:
        yield "moodle_smtp_host is not given: Moodle cannot deliver mail."
