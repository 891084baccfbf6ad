# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is in a dump, and in which steps it is loaded.

Whatever the dump says of owners, everything becomes the site's user's, so that a dump of another site or server fits. Extensions
that are not trusted only an administrator can create, so they come first and with the rights of the login. Privileges of other
roles come last, where a role that does not exist is worth a warning and no more.
"""

from __future__ import annotations

import dataclasses
import re

from ._postgres import DatabaseError

# What decides on the step of an entry, longer words first. An entry is "12; 1259 16385 TABLE public mdl_config moodle".
ENTRY = re.compile(
    r"\d+; \d+ \d+ (?P<kind>DEFAULT ACL|ACL|EXTENSION|SCHEMA|TABLE DATA|TABLE ATTACH|TABLE|COMMENT - (?:EXTENSION|SCHEMA)|) ?"
)
PRIVILEGES = ("ACL", "DEFAULT ACL")
# These belong to the server's administrator, who has others on another server.
LEFT_OUT = ("COMMENT - EXTENSION", "COMMENT - SCHEMA")
# How other files begin that people take for a dump, and what to do instead.
MAKE_ONE = "make one with 'pg_dump --format=custom' or this module."
UNKNOWN = f"is not a dump in PostgreSQL's own format; {MAKE_ONE}"
MARIADB = "is a dump of MariaDB; take its database to PostgreSQL first, and dump that."
OTHERS = {
    b"/*M!": MARIADB,
    b"-- MariaDB dump": MARIADB,
    b"-- MySQL dump": "is a dump of MySQL; take its database to PostgreSQL first, and dump that.",
    b"--\n-- PostgreSQL database dump": f"is a dump of PostgreSQL as text; {MAKE_ONE}",
    b"\x1f\x8b": "is compressed by gzip; unpack it, and give what is in it.",
    b"PK": "is a zip archive; unpack it, and give what is in it.",
}
LONGEST = max(map(len, OTHERS))
FACT = re.compile(r";\s+(?P<name>Compression|Dumped from database version|Dumped by pg_dump version): (?P<value>.*)")


@dataclasses.dataclass(frozen=True)
class Contents:
    """The list of what is in a dump. server and client are the versions that made it."""

    entries: tuple[tuple[str, str], ...]
    compressed: bool
    server: str
    client: str

    @property
    def tables(self) -> int:
        """How many tables it makes."""
        return sum(kind == "TABLE" for kind, _line in self.entries)

    @property
    def extensions(self) -> list[str]:
        """The names of the extensions that it needs."""
        return [line.split(" EXTENSION - ", 1)[1].split()[0] for kind, line in self.entries if kind == "EXTENSION"]

    def steps(self) -> list[Step]:
        """Return the steps in which it is loaded, those that have something to do."""
        first = ("SCHEMA", "EXTENSION") if self.extensions else ()
        rest = {kind for kind, _line in self.entries} - {*first, *PRIVILEGES, *LEFT_OUT}
        steps = [Step(("SCHEMA",), owner=True), Step(("EXTENSION",), owner=False)] if first else []
        steps += [Step(tuple(sorted(rest)), owner=True), Step(PRIVILEGES, owner=False, privileges=True)]
        return [step for step in steps if self.lines(step)]

    def lines(self, step: Step) -> str:
        """Return the entries of a step, as pg_restore reads them."""
        return "".join(f"{line}\n" for kind, line in self.entries if kind in step.kinds)


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: which kinds of entries, whether as the site's user, and whether they are privileges."""

    kinds: tuple[str, ...]
    owner: bool
    privileges: bool = False

    def options(self, owner: str) -> list[str]:
        """Return the options of pg_restore."""
        keep = ["--no-owner"] if self.privileges else ["--no-owner", "--no-privileges"]
        return [*keep, *([f"--role={owner}"] if self.owner else [])]


def read(listing: str) -> Contents:
    """Read what "pg_restore --list" prints."""
    facts = {found["name"]: found["value"].strip() for line in listing.splitlines() if (found := FACT.match(line))}
    entries = [(found["kind"], line) for line in listing.splitlines() if (found := ENTRY.match(line))]
    if not entries:
        raise DatabaseError("The dump is empty: there is nothing in it that could be loaded.", error="bad_dump")
    return Contents(
        tuple(entries),
        # Older programs print the level.
        compressed=facts.get("Compression", "none") not in ("none", "0"),
        server=facts.get("Dumped from database version", ""),
        client=facts.get("Dumped by pg_dump version", ""),
    )


def require_format(path: str) -> None:
    """Refuse a file that is no dump in PostgreSQL's own format, which "pg_dump --format=custom" makes."""
    with open(path, "rb") as file:
        start = file.read(LONGEST)
    if not start.startswith(b"PGDMP"):
        known = [words for other, words in OTHERS.items() if start.startswith(other)]
        raise DatabaseError(f"{path} {(known or [UNKNOWN])[0]}", error="bad_dump")
