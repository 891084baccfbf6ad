# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Databases beside the site's own: the fresh one that a dump is loaded into, and those that were replaced and are kept.

Each has the site's name with a word and the moment behind it, so that a later run knows what a run that was cut left. The two
change places by two renames in one transaction: there is no moment without a database of the site's name, or with half of one.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import time
import typing as t

from ._postgres import DatabaseError, Postgres, name, text

# What PostgreSQL cuts a longer name to, without an error.
NAME_BYTES = 63
STAMP = "%Y%m%dT%H%M%SZ"
STAMPED = re.compile(r"[0-9]{8}T[0-9]{6}Z")
LOADING, REPLACED = "loading", "replaced"
# Sessions come back between their end and the rename where a pooler has waiting clients.
TRIES = 3

# Ends all sessions of two databases that this login may end, and waits for none of them: the rename does.
DISCONNECT = """
DO $$
DECLARE session record;
BEGIN
  FOR session IN SELECT pid FROM pg_stat_activity WHERE datname IN ({names}) AND pid <> pg_backend_pid() LOOP
    BEGIN
      PERFORM pg_terminate_backend(session.pid);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
END $$;
"""
# Of others, a login without rights sees the role alone.
SESSIONS = """
SELECT usename, application_name, client_addr FROM pg_stat_activity
WHERE datname IN ({names}) AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend'
"""
# What a database has besides its content: privileges and settings, as statements that give them to another. Settings that are
# lists of names are stored as they are written.
PROPERTIES = """
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', {new}) AS statement, 1 AS position FROM pg_database
WHERE datname = {old} AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %s%s;', acl.privilege_type, {new},
  CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
  CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), 2
FROM pg_database, aclexplode(datacl) AS acl WHERE datname = {old} AND acl.grantee <> datdba
UNION ALL
SELECT format('ALTER %s SET %I TO %s;',
  CASE setrole WHEN 0 THEN format('DATABASE %I', {new}) ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), {new}) END,
  split_part(setting, '=', 1),
  CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
    THEN substr(setting, strpos(setting, '=') + 1) ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END), 3
FROM pg_db_role_setting, unnest(setconfig) AS setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = {old})
ORDER BY position
"""


def beside(database: str, word: str, moment: datetime.datetime, taken: t.Collection[str] = ()) -> str:
    """Return the name of a database beside the site's own, which none has yet."""
    while (found := f"{stem(database, word)}{moment.strftime(STAMP)}") in taken:
        moment += datetime.timedelta(seconds=1)
    return found


def stem(database: str, word: str) -> str:
    """Return what such names begin with. A long name is cut, and what was cut is told by a checksum."""
    room = NAME_BYTES - len(f"-{word}-") - len("20261121T020004Z")
    if len(database.encode()) > room:
        digest = hashlib.sha256(database.encode()).hexdigest()[:8]
        database = f"{database.encode()[: room - 9].decode(errors='ignore')}-{digest}"
    return f"{database}-{word}-"


def those_of(database: str, word: str, names: t.Iterable[str]) -> list[str]:
    """Return the databases beside the site's own with that word, the oldest first."""
    start = stem(database, word)
    return sorted(one for one in names if one.startswith(start) and STAMPED.fullmatch(one[len(start) :]))


def moment_of(kept: str) -> datetime.datetime:
    """Return when a database was put aside."""
    return datetime.datetime.strptime(kept[-len("20261121T020004Z") :], STAMP).replace(tzinfo=datetime.timezone.utc)


def create(server: Postgres, fresh: str, owner: str, like: t.Optional[t.Mapping[str, t.Any]]) -> None:
    """Create an empty database with the encoding, the language rules and the place of another one; like is its row of pg_database."""
    words = [f"CREATE DATABASE {name(fresh)} OWNER {name(owner)} TEMPLATE template0"]
    words += properties(like) if like else ["ENCODING 'UTF8'"]
    server.execute(" ".join(words) + ";", what=f"create the database {fresh}")


def properties(like: t.Mapping[str, t.Any]) -> list[str]:
    """Return the clauses of CREATE DATABASE that give what the row of another database says, in the words of the server's version."""
    # PostgreSQL 17 has datlocale for what 15 and 16 call daticulocale; 13 and 14 know the libc's rules alone.
    locale = like.get("datlocale") or like.get("daticulocale")
    provider = {
        "i": [f"LOCALE_PROVIDER icu ICU_LOCALE {text(str(locale))}"],
        "b": [f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {text(str(locale))}"],
        "c": ["LOCALE_PROVIDER libc"],
    }
    rules = like.get("daticurules")
    return [
        f"ENCODING {text(like['encoding_name'])} LC_COLLATE {text(like['datcollate'])} LC_CTYPE {text(like['datctype'])}",
        *provider.get(like.get("datlocprovider", ""), []),
        *([f"ICU_RULES {text(rules)}"] if rules else []),
        *([f"TABLESPACE {name(like['tablespace'])}"] if like["tablespace"] else []),
        f"CONNECTION LIMIT {like['datconnlimit']}",
    ]


def copy_properties(server: Postgres, old: str, new: str) -> list[str]:
    """Give the new database the privileges and the settings of the old one; return what could not be given."""
    statements = [row["statement"] for row in server.rows(PROPERTIES.format(old=text(old), new=text(new)))]
    return server.attempt("\n".join(statements), what="copy the settings of the database") if statements else []


def drop(server: Postgres, database: str) -> None:
    """Remove a database, also one that is in use."""
    server.execute(f"DROP DATABASE IF EXISTS {name(database)} WITH (FORCE);", what=f"remove the database {database}")


def swap(server: Postgres, live: str, fresh: str, aside: t.Optional[str], sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Put the fresh database in the place of the live one, which goes aside; None where there is no live one.

    Sessions of both are ended. The renames wait some seconds for that, and while they do, no new one begins.
    """
    renames = [f"ALTER DATABASE {name(live)} RENAME TO {name(aside)};"] if aside else []
    renames += [f"ALTER DATABASE {name(fresh)} RENAME TO {name(live)};"]
    statements = "\n".join([DISCONNECT.format(names=f"{text(live)}, {text(fresh)}"), "BEGIN;", *renames, "COMMIT;"])
    for attempt in range(1, TRIES + 1):
        try:
            server.execute(statements, what=f"put {fresh} in the place of {live}")
            return
        except DatabaseError as error:
            users = sessions(server, live, fresh)
            if not users:
                raise
            if attempt == TRIES:
                msg = f"{error}\nThese sessions could not be ended, or came back: {', '.join(users)}. Nothing was renamed."
                raise DatabaseError(msg, error="in_use") from error
        sleep(1)


def sessions(server: Postgres, *databases: str) -> list[str]:
    """Return who uses the databases."""
    rows = server.rows(SESSIONS.format(names=", ".join(map(text, databases))))
    return [f"{row['usename']} ({row['application_name'] or 'unnamed'}, {row['client_addr'] or 'local'})" for row in rows]
