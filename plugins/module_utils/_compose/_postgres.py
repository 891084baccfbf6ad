# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of PostgreSQL's own programs: psql, pg_dump and pg_restore, run where the server can be reached.

Statements go in on standard input, rows come back as JSON, and a database is named by a connection string, so that no name can
be taken for something else. Which server and which login it is, the environment says in which the programs run.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._tool.process import Result, Run

# psql's exit status when it does not reach the server, or is refused.
NO_CONNECTION = 2
ROWS = "SELECT coalesce(json_agg(row), '[]') FROM ({query}) AS row;"
# Runs a command with a file of this machine as its input, alone or after what is on standard input, or as its output; the file's name
# comes before the command.
FROM_FILE = 'file=$1; shift; exec "$@" <"$file"'
WITH_FILE = 'file=$1; shift; cat - "$file" | "$@"'
TO_FILE = 'umask 077; file=$1; shift; exec "$@" >"$file"'
# So many bytes of the input are the list of entries, and the rest is the dump. A newer pg_restore sets what an older server does not
# know; nothing else is done to its text.
LOAD = r"""
set -o pipefail
database=$1 stop=$2 bytes=$3 list=$(mktemp); shift 3
trap 'rm -f "$list"' EXIT
head -c "$bytes" >"$list"
pg_restore --file=- --use-list="$list" "$@" | LC_ALL=C sed '0,/^SET transaction_timeout = 0;$/{//d}' |
  psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP="$stop" --dbname="$database"
"""


class DatabaseError(ToolError):
    """A program of PostgreSQL refused or failed. Details: error (a word for programs)."""


class Postgres:
    """The programs. enter are the words that run a command, with standard input, where the server can be reached."""

    def __init__(self, run: Run, enter: t.Sequence[str], *, maintenance: str = "postgres") -> None:
        self._run = run
        self._enter = list(enter)
        self._maintenance = maintenance

    def rows(self, query: str, database: t.Optional[str] = None) -> list[dict[str, t.Any]]:
        """Return the rows of a query."""
        out = self.execute(ROWS.format(query=query), what="query the server", database=database)
        return list(json.loads(out))

    def execute(self, statements: str, *, what: str, database: t.Optional[str] = None) -> str:
        """Run statements and return what they print; what continues "Could not"."""
        result = self._psql(statements, database, "--set=ON_ERROR_STOP=1")
        if result.rc != 0:
            raise failure(what, result, error="unreachable" if result.rc == NO_CONNECTION else "database")
        return result.out.strip()

    def attempt(self, statements: str, *, what: str, database: t.Optional[str] = None) -> list[str]:
        """Run statements, each whether the others succeed or not; return the errors."""
        result = self._psql(statements, database)
        if result.rc != 0:
            raise failure(what, result, error="unreachable")
        return errors_of(result)

    def run(self, command: t.Sequence[str], text: t.Optional[str] = None) -> Result:
        """Run a command there; the exit status is for the caller to read."""
        return self._run([*self._enter, *command], text)

    def dump(self, database: str, path: str, level: int) -> None:
        """Write a dump in PostgreSQL's own format into a file of this machine."""
        result = self._run(["sh", "-c", TO_FILE, "dump", path, *self._enter, *dump_command(database, level)])
        if result.rc != 0:
            raise failure("dump the database", result, error="database")

    def contents(self, path: str) -> str:
        """Return the list of what is in a dump, as pg_restore prints it."""
        result = self._run(["sh", "-c", FROM_FILE, "list", path, *self._enter, "pg_restore", "--list"])
        if result.rc != 0:
            raise failure(f"read the dump {path}", result, error="bad_dump")
        return result.out

    def load(self, path: str, database: str, entries: str, *options: str, stop: bool = True) -> list[str]:
        """Run the listed entries of a dump as statements of the database; return the errors, which stop it or not.

        options are those of pg_restore.
        """
        command = ["bash", "-c", LOAD, "load", connection(database), "on" if stop else "off", str(len(entries.encode())), *options]
        result = self._run(["sh", "-c", WITH_FILE, "load", path, *self._enter, *command], entries)
        if result.rc != 0:
            raise failure("load the dump", result, error="load")
        return errors_of(result)

    def _psql(self, statements: str, database: t.Optional[str], *options: str) -> Result:
        fixed = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--file=-"]
        return self.run([*fixed, *options, f"--dbname={connection(database or self._maintenance)}"], statements)


def dump_command(database: str, level: int) -> list[str]:
    """Return the command that prints a dump. One that waits for a lock would keep the site's own changes waiting behind it."""
    return ["pg_dump", "--format=custom", f"--compress={level}", "--lock-wait-timeout=60s", f"--dbname={connection(database)}"]


def connection(database: str) -> str:
    """Return a connection string that names a database, whatever is in its name."""
    escaped = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{escaped}'"


def name(identifier: str) -> str:
    """Return a name for a statement."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text for a statement."""
    return "'" + value.replace("'", "''") + "'"


def errors_of(result: Result) -> list[str]:
    """Return the errors among what psql printed."""
    return [line.split("ERROR:", 1)[1].strip() for line in result.err.splitlines() if "ERROR:" in line]


def failure(what: str, result: Result, *, error: str) -> DatabaseError:
    """Return the error for a program that did not succeed: the end of what it printed."""
    printed = (result.err.strip() or result.out.strip())[-2000:]
    return DatabaseError(f"Could not {what} (exit status {result.rc}): {printed}", error=error)
