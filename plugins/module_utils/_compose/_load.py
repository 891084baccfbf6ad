# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Loads a dump into a fresh database beside the live one, and looks at what came before the two change places."""

from __future__ import annotations

import contextlib
import datetime
import os
import time
import typing as t

from .._tool.errors import ToolError
from . import _dump, _facts, _swap
from ._access import PASSWORD, SiteDatabase
from ._postgres import DatabaseError, Postgres, name, text

# How much larger a database is than its dump, which has no indexes.
GROWTH, GROWTH_COMPRESSED = 3, 8
# What the log of changes takes meanwhile at most (max_wal_size of the services image), and what is needed in any case.
LOG_BYTES, LEAST_BYTES = 2 * 1024**3, 64 * 1024**2

# Tables, without those of extensions and of PostgreSQL itself.
TABLES = """
SELECT count(*) AS tables, to_regclass({config}) IS NOT NULL AS moodle FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
"""
MARK = "SET ROLE {owner}; INSERT INTO {table} (name, value) VALUES ('campus_site_id', {site});"
# When somebody was last there. Administrators look at an empty site too; the guest never counts in Moodle.
USED = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass({user}) AND attname = 'lastaccess' AND NOT attisdropped) AS used
"""
ACCESSED = """
SELECT to_char(to_timestamp(nullif(max(lastaccess), 0)) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS lastaccess FROM {user}
WHERE deleted = 0 AND id::text <> ALL (string_to_array(coalesce((SELECT value FROM {config} WHERE name = 'siteadmins'), ''), ','))
"""
CONFIG = "SELECT name, value FROM {table} WHERE name IN ('version', 'campus_site_id')"
# psql reads the password, so no command has it. An empty one would lock the site out.
SET_PASSWORD = """
\\set given `test -s {file} && echo true || echo false`
\\if :given
\\set password `cat {file}`
ALTER ROLE {role} PASSWORD :'password';
\\else
\\echo missing
\\endif
"""  # noqa: S105 - statements


# Gets the name of the fresh database, says what is in it, and raises where that must not take the place of the live one.
Inspect = t.Callable[[str], dict[str, t.Any]]


class Load:
    """One dump on its way into one server."""

    def __init__(
        self, server: Postgres, database: SiteDatabase, path: str, moment: datetime.datetime, inspect: t.Optional[Inspect] = None
    ) -> None:
        self._server = server
        self._database = database
        self._path = path
        self._inspect = inspect
        self._contents = _dump.read(server.contents(path))
        self._facts = _facts.look(server, database)
        self._fresh = _swap.beside(database.name, _swap.LOADING, moment, self._facts.unfinished)
        self._aside = _swap.beside(database.name, _swap.REPLACED, moment, self._facts.kept)
        self._warnings: list[str] = []
        self._moodle: dict[str, t.Any] = {}
        self._accessed: dict[str, t.Optional[str]] = {}
        self._marked = True
        self._seconds = 0.0

    def check(self, disk_minimum: t.Optional[int]) -> None:
        """Refuse what cannot end well, before anything is done."""
        _facts.require_rights(self._facts, self._database)
        _facts.require_extensions(self._facts, self._contents)
        if self._database.own:
            needed = self._estimate() if disk_minimum is None else disk_minimum
            _facts.require_space(self._free(), needed, "The disk of the database")

    def plan(self, *, drill: bool) -> list[str]:
        """Return in words what is to be done."""
        live = self._database.name
        lines = [f"remove {one}, which a run that was cut left" for one in self._facts.unfinished]
        lines += [f"load {self._contents.tables} tables into {self._fresh}, beside {live}"]
        if drill:
            return [*lines, f"remove {self._fresh} again"]
        return [*lines, f"put {self._fresh} in the place of {live}" + (f", and keep that as {self._aside}" if self._facts.live else "")]

    def run(self, *, drill: bool) -> None:
        """Load, look, and swap or remove. Where that fails, the live database is as it was, and the fresh one is removed."""
        started = time.monotonic()
        for leftover in self._facts.unfinished:
            _swap.drop(self._server, leftover)
        _swap.create(self._server, self._fresh, self._database.owner, self._facts.live)
        try:
            self._fill()
            self._copy_properties()
            self._verify()
            if self._inspect:
                self._moodle = self._inspect(self._fresh)
                self._accessed = {"dump": self._last(self._fresh), "site": self._last(self._database.name) if self._facts.live else None}
            if not drill:
                self._mark()
                self._take_place()
        except ToolError:
            with contextlib.suppress(ToolError):
                _swap.drop(self._server, self._fresh)
            raise
        if drill:
            _swap.drop(self._server, self._fresh)
        self._seconds = time.monotonic() - started
        self._facts = _facts.look(self._server, self._database)

    def result(self) -> dict[str, t.Any]:
        """Return what the module reports."""
        made = {"server": self._contents.server, "client": self._contents.client, "extensions": self._contents.extensions}
        return {
            **self._facts.result(),
            "dump": {**made, "size": os.path.getsize(self._path)},
            "tables": self._contents.tables,
            **({"moodle": self._moodle, "accessed": self._accessed} if self._moodle else {}),
            "seconds": round(self._seconds, 1),
            "summary": [f"Loaded     {self._contents.tables} tables in {self._seconds:.0f} s"] if self._seconds else [],
            "warnings": self._warnings,
        }

    def _fill(self) -> None:
        """Load the dump step by step."""
        for step in self._contents.steps():
            lines, options = self._contents.lines(step), step.options(self._database.owner)
            errors = self._server.load(self._path, self._fresh, lines, *options, stop=not step.privileges)
            self._warnings += [f"A privilege of the dump could not be granted: {error}" for error in errors]
        # Else the first hours would be slow: nothing is known of the new tables.
        self._server.attempt(f"SET ROLE {name(self._database.owner)}; ANALYZE;", what="analyze the tables", database=self._fresh)

    def _verify(self) -> None:
        """Refuse to go on with less than the dump has, with another site, or with no Moodle."""
        table = self._database.prefix + "config"
        found = self._server.rows(TABLES.format(config=text(name(table))), self._fresh)[0]
        if found["tables"] != self._contents.tables:
            msg = f"The dump has {self._contents.tables} tables, and {found['tables']} came; the database of the site is as it was."
            raise DatabaseError(msg, error="load")
        if not found["moodle"]:
            msg = f"The dump holds no Moodle with the prefix {self._database.prefix}: there is no table {table}. Nothing was replaced."
            raise DatabaseError(msg, error="not_moodle")
        config = {row["name"]: row["value"] for row in self._server.rows(CONFIG.format(table=name(table)), self._fresh)}
        if not config.get("version"):
            raise DatabaseError("The dump holds a Moodle that was never finished. Nothing was replaced.", error="not_moodle")
        self._marked = "campus_site_id" in config
        site = config.get("campus_site_id") or self._database.site_id
        if self._database.site_id and site != self._database.site_id:
            msg = (
                f"The dump is of another site ({site}, and this one is {self._database.site_id}). Nothing was replaced. "
                "Restore that site's directory first, which has its identity and its secrets."
            )
            raise DatabaseError(msg, error="foreign")

    def _last(self, database: str) -> t.Optional[str]:
        """Return when somebody was last in the Moodle of a database, where there is one."""
        user, config = (name(self._database.prefix + table) for table in ("user", "config"))
        if not self._server.rows(USED.format(user=text(user)), database)[0]["used"]:
            return None
        found: t.Optional[str] = self._server.rows(ACCESSED.format(user=user, config=config), database)[0]["lastaccess"]
        return found

    def _copy_properties(self) -> None:
        """Give the fresh database what the live one has besides its content. Only now: a setting could be in the way of loading."""
        live = self._database.name
        errors = _swap.copy_properties(self._server, live, self._fresh) if self._facts.live else []
        self._warnings += [f"A setting of the database {live} could not be taken over: {error}" for error in errors]

    def _mark(self) -> None:
        """Write down whose database it is now, where another Moodle's has never said, so that no other site takes it for its own."""
        if not self._marked and self._database.site_id:
            owner, table = name(self._database.owner), name(self._database.prefix + "config")
            statement = MARK.format(owner=owner, table=table, site=text(self._database.site_id))
            self._server.execute(statement, what="mark the database", database=self._fresh)

    def _take_place(self) -> None:
        live = self._database.name
        if self._database.own:
            self._set_password()
        _swap.swap(self._server, live, self._fresh, self._aside if self._facts.live else None)

    def _set_password(self) -> None:
        """Let the site's user in with the password that the container has, which may be another than that of the server's first start."""
        statements = SET_PASSWORD.format(file=PASSWORD, role=name(self._database.owner))
        if self._server.execute(statements, what="give the site's user its password"):
            raise DatabaseError(f"The database's container has no password in {PASSWORD}. Nothing was replaced.", error="database")

    def _estimate(self) -> int:
        size = os.path.getsize(self._path) * (GROWTH_COMPRESSED if self._contents.compressed else GROWTH)
        return size + min(size, LOG_BYTES) + LEAST_BYTES

    def _free(self) -> int:
        """Return how many bytes are free where the site's own server has its data."""
        done = self._server.run(["df", "--output=avail", "--block-size=1", self._facts.data_directory or "/"])
        if done.rc != 0:
            raise DatabaseError(f"Could not measure the disk of the database: {done.err.strip()}", error="database")
        return int(done.out.split()[-1])
