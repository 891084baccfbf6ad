# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A small PostgreSQL for tests behind the small Docker: it keeps databases in memory and understands what compose_database sends."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

from .compose_fakes import OK, FakeDocker

LISTING = pathlib.Path(__file__).with_name("postgres_listing.txt").read_text(encoding="utf-8")
TABLES = 3


class FakePostgres(FakeDocker):
    """The function that runs commands, those of PostgreSQL's programs among them.

    databases maps a name to what is in it: the number of tables, Moodle's rows, and when somebody was there last. A dump is a file
    whose first line names what it holds. events are the changes, and cut stops before the one that begins so. busy are sessions that
    cannot be ended. fails are results of programs, errors those of statements that have a word.
    """

    def __init__(self, *, own: bool = True) -> None:
        super().__init__()
        self.databases: dict[str, dict[str, t.Any]] = {"postgres": {}, "moodle": site("live")}
        self.creates = True
        self.roles = {"moodle": True}
        self.secret = True
        self.busy: list[dict[str, t.Any]] = []
        self.fails: dict[str, Result] = {}
        self.errors: dict[str, Result] = {}
        self.grants: list[str] = []
        self.events: list[str] = []
        self.words: list[list[str]] = []
        self.listing = LISTING
        self.major = 17
        self.free = 1 << 40
        if own:
            self.start("postgres", "postgres")

    def __call__(self, command: list[str], text: t.Optional[str] = None) -> Result:
        self.words.append(command)
        if command[:2] == ["sh", "-c"] and "docker" in command:
            return self._with_file(command, text or "")
        words = command[command.index("docker") + 1 :]
        if words[0] == "exec" and "--interactive" in words:
            return self._inside(words, text)
        return super().__call__(command, text)

    def event(self, line: str) -> None:
        """Note a change, unless the run is cut or something fails before it."""
        if self.cut and line.startswith(self.cut):
            raise KeyboardInterrupt(line)
        self.events.append(line)

    def _with_file(self, command: list[str], text: str) -> Result:
        path, words = command[4], command[5:]
        if "pg_dump" in words:
            self.event(f"dump {path}")
            pathlib.Path(path).write_text("PGDMP " + json.dumps(self.databases["moodle"]), encoding="utf-8")
            return self.fails.get("pg_dump", OK)
        if words[-1] == "--list":
            return self.fails.get("list", Result(0, self.listing, ""))
        # bash -c SCRIPT load CONNECTION STOP BYTES options
        connection, stop, size, *options = words[words.index("load") + 1 :]
        assert int(size) == len(text)
        name = connection.removeprefix("dbname='").removesuffix("'")
        self.event(f"load {name} {stop} {' '.join(options)} {len(text.splitlines())} entries")
        if "load" in self.fails and stop == "on":
            return self.fails["load"]
        content = json.loads(pathlib.Path(path).read_text(encoding="utf-8").removeprefix("PGDMP "))
        self.databases[name].update(content)
        return self.fails.get("grants", OK) if stop == "off" else OK

    def _inside(self, words: list[str], text: t.Optional[str]) -> Result:
        if "psql" in words:
            return self._psql(next(word for word in words if word.startswith("--dbname="))[17:-1], text or "")
        if words[-2:] == ["pg_dump", "--version"]:
            return Result(0, "pg_dump (PostgreSQL) 17.12 (Debian 17.12-1)\n", "")
        if "df" in words:
            return Result(0, f"Avail\n{self.free}\n", "")
        return OK

    def _psql(self, database: str, text: str) -> Result:
        if database not in self.databases:
            return Result(2, "", f'FATAL:  database "{database}" does not exist')
        for part, result in self.errors.items():
            if part in text:
                return result
        if text.startswith("SELECT coalesce(json_agg"):
            return Result(0, json.dumps(self._rows(database, text)), "")
        return self._change(text)

    def _rows(self, database: str, text: str) -> list[dict[str, t.Any]]:
        """Answer a query, which is told by a word that only it has."""
        rows: dict[str, t.Callable[[], list[dict[str, t.Any]]]] = {
            "server_version": lambda: [self._facts()],
            "count(*)": lambda: [{"tables": self.databases[database].get("tables", 0), "moodle": "config" in self.databases[database]}],
            "campus_site_id": lambda: [{"name": key, "value": value} for key, value in self.databases[database].get("config", {}).items()],
            "aclexplode": lambda: [{"statement": "GRANT CONNECT"}],
            "application_name": lambda: self.busy,
            "AS used": lambda: [{"used": "config" in self.databases[database]}],
            "lastaccess": lambda: [{"lastaccess": self.databases[database].get("accessed")}],
        }
        return next(answer for word, answer in rows.items() if word in text)()

    def _facts(self) -> dict[str, t.Any]:
        about = {"version": f"{self.major}.1", "major": self.major, "login": "postgres", "creates": self.creates, "roles": self.roles}
        around = {"names": list(self.databases), "extensions": ["plpgsql", "pg_trgm"], "data_directory": "/var/lib/postgresql/17/main"}
        return {**about, **around, "live": self._row("moodle") if "moodle" in self.databases else None}

    def _row(self, name: str) -> dict[str, t.Any]:
        facts = {"datname": name, "owner": "moodle", "size": 1000, "encoding_name": "UTF8", "datcollate": "C.UTF-8", "datctype": "C.UTF-8"}
        return {**facts, "datlocprovider": "i", "datlocale": "und", "daticurules": None, "tablespace": None, "datconnlimit": -1}

    def _change(self, text: str) -> Result:
        created = re.match(r'CREATE DATABASE "([^"]+)"', text)
        dropped = re.match(r'DROP DATABASE IF EXISTS "([^"]+)"', text)
        renames = re.findall(r'ALTER DATABASE "([^"]+)" RENAME TO "([^"]+)"', text)
        if created:
            self.event(f"create {created[1]}")
            self.databases[created[1]] = {}
        elif dropped:
            self.event(f"drop {dropped[1]}")
            self.databases.pop(dropped[1], None)
        elif renames:
            if self.busy:
                return Result(3, "", 'ERROR:  database "moodle" is being accessed by other users')
            self.event("swap")
            for old, new in renames:
                assert new not in self.databases
                self.databases[new] = self.databases.pop(old)
        elif "INSERT" in text:
            self.event("mark")
        elif "PASSWORD" in text:
            self.event("set the password")
            return OK if self.secret else Result(0, "missing\n", "")
        elif text.startswith("GRANT"):
            self.grants.append(text)
        elif "ANALYZE" in text:
            self.event("analyze")
        return OK

    def _network(self, _words: list[str]) -> Result:
        return Result(0, "moodle-x_moodle-network\n", "")

    def _run(self, words: list[str]) -> Result:
        self.event(f"start a client of {words[-2]}")
        return Result(0, "client-1\n", "")

    def _rm(self, words: list[str]) -> Result:
        if words[-1] == "client-1":
            self.event("remove the client")
            return OK
        return super()._rm(words)


def site(mark: str, **config: str) -> dict[str, t.Any]:
    """Return what is in the database of a site; mark tells one from another."""
    return {"tables": TABLES, "config": {"version": "2024100705", "campus_site_id": "id-1", **config}, "mark": mark}


def dump_of(path: pathlib.Path, content: dict[str, t.Any]) -> str:
    """Write a dump as the fake makes them, and return its path."""
    path.write_text("PGDMP " + json.dumps(content), encoding="utf-8")
    return str(path)
