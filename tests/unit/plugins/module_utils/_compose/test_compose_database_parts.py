# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Names of databases beside the site's own, how a fresh one becomes like the other, and what is in a dump."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import _dump, _postgres, _swap
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.postgres_fakes import LISTING

MOMENT = datetime.datetime(2026, 11, 21, 2, 0, 4, tzinfo=datetime.timezone.utc)
LONGEST = "m" * 63
SIBLING = "m" * 62 + "x"


def test_the_name_tells_what_it_is_and_since_when() -> None:
    name = _swap.beside("moodle", "replaced", MOMENT)
    assert name == "moodle-replaced-20261121T020004Z"
    assert _swap.moment_of(name) == MOMENT
    assert _swap.beside("moodle", "replaced", MOMENT, [name]) == "moodle-replaced-20261121T020005Z"


@pytest.mark.parametrize("database", ["m", "m" * 37, "m" * 38, LONGEST, "ä" * 31])
@pytest.mark.parametrize("word", ["replaced", "loading"])
def test_no_name_is_longer_than_postgresql_takes_or_that_of_the_site(database: str, word: str) -> None:
    name = _swap.beside(database, word, MOMENT)
    assert len(name.encode()) <= 63
    assert name != database
    assert _swap.those_of(database, word, [database, name]) == [name]
    assert _swap.moment_of(name) == MOMENT


def test_databases_of_others_are_not_taken_for_ones_of_the_site() -> None:
    mine, old = _swap.beside("moodle", "replaced", MOMENT), "moodle-replaced-20200101T000000Z"
    others = [
        "moodle",
        "moodle-replaced-",
        "moodle-replaced-today",
        "moodle2-replaced-20200101T000000Z",
        _swap.beside("moodle", "loading", MOMENT),
    ]
    assert _swap.those_of("moodle", "replaced", [*others, mine, old]) == [old, mine]
    assert _swap.those_of(LONGEST, "replaced", [_swap.beside(SIBLING, "replaced", MOMENT)]) == []


ROW: dict[str, t.Any] = {"encoding_name": "UTF8", "datcollate": "C.UTF-8", "datctype": "de_DE", "tablespace": None, "datconnlimit": -1}
PLAIN = "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'de_DE'"
# What pg_database says of the live one, by version of the server, and what the fresh one is created with
ROWS: list[tuple[str, dict[str, t.Any], str]] = [
    ("13", {}, f"{PLAIN} CONNECTION LIMIT -1"),
    ("15 libc", {"datlocprovider": "c", "daticulocale": None}, f"{PLAIN} LOCALE_PROVIDER libc CONNECTION LIMIT -1"),
    ("15 icu", {"datlocprovider": "i", "daticulocale": "und"}, f"{PLAIN} LOCALE_PROVIDER icu ICU_LOCALE 'und' CONNECTION LIMIT -1"),
    (
        "16 rules",
        {"datlocprovider": "i", "daticulocale": "de", "daticurules": "&a < 'b'"},
        f"{PLAIN} LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES '&a < ''b''' CONNECTION LIMIT -1",
    ),
    ("17 icu", {"datlocprovider": "i", "datlocale": "und"}, f"{PLAIN} LOCALE_PROVIDER icu ICU_LOCALE 'und' CONNECTION LIMIT -1"),
    (
        "17 builtin",
        {"datlocprovider": "b", "datlocale": "C.UTF-8"},
        f"{PLAIN} LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' CONNECTION LIMIT -1",
    ),
    ("elsewhere", {"tablespace": "fast", "datconnlimit": 7}, f'{PLAIN} TABLESPACE "fast" CONNECTION LIMIT 7'),
]


@pytest.mark.parametrize(("changes", "clauses"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_fresh_database_is_like_the_one_that_it_replaces(changes: dict[str, t.Any], clauses: str) -> None:
    assert " ".join(_swap.properties({**ROW, **changes})) == clauses


def test_sessions_that_come_back_are_ended_again() -> None:
    answers = [
        Result(3, "", "in use"),
        Result(0, '[{"usename": "moodle", "application_name": "", "client_addr": "10.0.0.7"}]', ""),
        Result(0, "", ""),
    ]
    server = _postgres.Postgres(lambda _command, _text=None: answers.pop(0), ["docker"])
    waited: list[float] = []
    _swap.swap(server, "moodle", "fresh", "aside", waited.append)
    assert (answers, waited) == ([], [1])


def test_what_is_in_a_dump() -> None:
    contents = _dump.read(LISTING)
    assert (contents.tables, contents.extensions, contents.compressed) == (3, ["pg_trgm"], False)
    assert (contents.server, contents.client) == ("17.12 (Debian 17.12-0+deb13u1)",) * 2
    assert [step.options("moodle") for step in contents.steps()] == [
        ["--no-owner", "--no-privileges", "--role=moodle"],
        ["--no-owner", "--no-privileges"],
        ["--no-owner", "--no-privileges", "--role=moodle"],
        ["--no-owner"],
    ]
    lines = [contents.lines(step).splitlines() for step in contents.steps()]
    assert [rows[0].split(" ", 3)[3] for rows in lines] == [
        "SCHEMA - extra moodle",
        "EXTENSION - pg_trgm ",
        "FUNCTION public f() moodle",
        "ACL public TABLE mdl_config moodle",
    ]
    # Everything once, but the comment of an extension.
    entries = [line for line in LISTING.splitlines() if line and not line.startswith(";")]
    assert sorted(line for rows in lines for line in rows) == sorted(line for line in entries if "COMMENT" not in line)


def test_a_dump_without_extensions_and_privileges_is_loaded_in_one_step() -> None:
    kept = [line for line in LISTING.splitlines() if "EXTENSION" not in line and "ACL" not in line]
    steps = _dump.read("\n".join(kept)).steps()
    assert [(step.owner, "SCHEMA" in step.kinds) for step in steps] == [(True, True)]


@pytest.mark.parametrize(
    ("words", "compressed"), [("none", False), ("0", False), ("gzip", True), ("zstd", True), ("6", True), ("-1", True)]
)
def test_compression_as_each_version_prints_it(words: str, compressed: bool) -> None:
    assert _dump.read(LISTING.replace("Compression: none", f"Compression: {words}")).compressed is compressed


@pytest.mark.parametrize(
    ("text", "quoted"), [("moodle", "dbname='moodle'"), ("it's", "dbname='it\\'s'"), ("a\\b host=x", "dbname='a\\\\b host=x'")]
)
def test_a_database_is_named_by_a_connection_string(text: str, quoted: str) -> None:
    assert _postgres.connection(text) == quoted


def test_names_and_texts_cannot_end_a_statement() -> None:
    assert (_postgres.name('a"b'), _postgres.text("a'b")) == ('"a""b"', "'a''b'")
