# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a database server says of itself and of a site's databases, and what must hold before anything is done there."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import _swap
from ._access import SiteDatabase
from ._dump import Contents
from ._postgres import DatabaseError, Postgres, text

MEGABYTE = 1024**2

# Everything in one query, since each costs the start of a program in a container: the server and the login, the names of all
# databases, the row of the live one, whether the login may act as the roles, the extensions on offer, and where the data are. The
# tablespace only where it is not the usual one: to name that needs a right that few have.
FACTS = """
SELECT server.*, (SELECT json_agg(datname) FROM pg_database) AS names, (SELECT row_to_json(live) FROM (
    SELECT d.*, pg_encoding_to_char(d.encoding) AS encoding_name, pg_get_userbyid(d.datdba) AS owner,
      (SELECT spcname FROM pg_tablespace AS s WHERE s.oid = d.dattablespace AND s.oid <> usual.dattablespace) AS tablespace,
      CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END AS size
    FROM pg_database AS d, pg_database AS usual WHERE d.datname = {name} AND usual.datname = 'template0'
  ) AS live) AS live,
  (SELECT json_object_agg(rolname, pg_has_role(r.oid, 'MEMBER')) FROM pg_roles AS r
    WHERE rolname = {owner} OR r.oid IN (SELECT datdba FROM pg_database WHERE datname = {name})) AS roles,
  (SELECT json_agg(name) FROM pg_available_extensions) AS extensions,
  (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory
FROM (
  SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major, rolname AS login,
    rolsuper OR rolcreatedb AS creates FROM pg_roles WHERE rolname = current_user
) AS server
"""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the server says: of itself, of the live database (its row, None when there is none), and of those beside it.

    roles maps the site's user and the owner of the live database to whether the login may act as them.
    """

    version: str
    major: int
    login: str
    creates: bool
    live: t.Optional[dict[str, t.Any]]
    kept: t.Sequence[str]
    unfinished: t.Sequence[str]
    roles: t.Mapping[str, bool]
    extensions: t.Sequence[str]
    data_directory: t.Optional[str]

    @property
    def size(self) -> int:
        """How many bytes the live database has, as far as that can be told."""
        return int((self.live or {}).get("size") or 0)

    def result(self) -> dict[str, t.Any]:
        """Return what the module reports of it."""
        columns = {"name": "datname", "owner": "owner", "encoding": "encoding_name", "size": "size"}
        live = {key: self.live[column] for key, column in columns.items()} if self.live else {}
        return {"server_version": self.version, "database": live, "kept": list(self.kept)}


def look(server: Postgres, database: SiteDatabase) -> Facts:
    """Query the server."""
    found = server.rows(FACTS.format(name=text(database.name), owner=text(database.owner)))[0]
    names, roles = found.pop("names"), found.pop("roles") or {}
    kept, unfinished = (_swap.those_of(database.name, word, names) for word in (_swap.REPLACED, _swap.LOADING))
    return Facts(**found, roles=roles, kept=kept, unfinished=unfinished)


def require_live(facts: Facts, database: SiteDatabase) -> None:
    """Refuse to dump what is not there."""
    if not facts.live:
        raise DatabaseError(f"The server has no database {database.name}.", error="no_database")


def require_client(server: Postgres, facts: Facts) -> None:
    """Refuse programs that are older than the server: they cannot dump it."""
    found = re.search(r"(\d+)", server.run(["pg_dump", "--version"]).out)
    if found and int(found[1]) < facts.major:
        msg = (
            f"The server is PostgreSQL {facts.version}, and the programs are of {found[1]}, which cannot dump it; "
            "name an image with newer ones in client_image."
        )
        raise DatabaseError(msg, error="client_too_old")


def require_rights(facts: Facts, database: SiteDatabase) -> None:
    """Refuse a login that cannot create the new database for the site's user, or rename the live one."""
    if database.owner not in facts.roles:
        raise DatabaseError(f"The server has no role {database.owner}, which the site logs in as; create it first.", error="no_role")
    lacks = [] if facts.creates else ["may not create databases"]
    lacks += [f"is not a member of {role}" for role, member in facts.roles.items() if not member]
    if lacks:
        msg = (
            f"The role {facts.login} {' and '.join(lacks)}; let an administrator grant that, "
            "or name one who may in login_user and login_password_file."
        )
        raise DatabaseError(msg, error="no_privilege")


def require_extensions(facts: Facts, contents: Contents) -> None:
    """Refuse a dump that needs an extension which the server does not offer."""
    missing = [extension for extension in contents.extensions if extension not in facts.extensions]
    if missing:
        msg = f"The dump needs what the server does not offer: the extension {', '.join(missing)}; install it there first."
        raise DatabaseError(msg, error="extension")


def require_space(free: int, needed: int, where: str) -> None:
    """Refuse to fill a disk."""
    if free < needed:
        msg = (
            f"{where} has {free // MEGABYTE} MB of free space, and about {needed // MEGABYTE} MB are needed; free some, "
            "remove databases that were replaced with the state confirmed, or correct the number with disk_minimum."
        )
        raise DatabaseError(msg, error="no_space")
