# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The database of a site on a PostgreSQL that lives in memory: what is done, in which order, and that it can be cut anywhere."""

from __future__ import annotations

import contextlib
import pathlib
import re
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import _swap as swaps
from ansible_collections.campus.moodle.plugins.module_utils._compose import database, project
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.compose_fakes import definition
from ansible_collections.campus.moodle.tests.unit.fakes.postgres_fakes import FakePostgres, dump_of, site

ENVIRONMENT = {"MOODLE_DATABASE_HOST": "db.example.edu", "MOODLE_DATABASE_SSLMODE": "verify-full", "MOODLE_SITE_ID": "id-1"}
PHP = {"php": {"hash": "php", "image": "site:1", "scale": 1, "environment": ENVIRONMENT}}
CANARY = "Canary-7-password"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a swap try again at once."""
    monkeypatch.setattr(swaps.time, "sleep", lambda _seconds: None)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a site's directory with its compose file, a dump beside it, and the secrets."""
    (tmp_path / "compose.yml").write_text(definition(**PHP), encoding="utf-8")
    dump_of(tmp_path / "good.dump", site("new"))
    for name in ("database_password", "database_authority", "admin_password"):
        (tmp_path / name).write_text(CANARY, encoding="utf-8")
    return tmp_path


def elsewhere(folder: pathlib.Path) -> FakePostgres:
    """Return the server of a site whose database is elsewhere."""
    text = definition(**PHP, postgres={"hash": "x", "image": "x", "scale": 0, "profiles": ["none"]})
    (folder / "compose.yml").write_text(text.replace('"postgres"', '"other"'), encoding="utf-8")
    server = FakePostgres(own=False)
    server.secrets = {name: {"file": str(folder / name)} for name in ("database_password", "database_authority")}
    return server


def run(server: FakePostgres, folder: pathlib.Path, state: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run the module's story."""
    defaults = {name: option.get("default") for name, option in database.ARGUMENTS.items()}
    params = {**defaults, "project": "moodle-x", "directory": str(folder), "state": state, **options}
    compose = project.ComposeProject(server, project="moodle-x", directory=str(folder))
    return database.run(compose, server, params, check_mode=check)


def load(server: FakePostgres, folder: pathlib.Path, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Load the good dump, or another one."""
    return run(server, folder, "loaded", check=check, **{"path": str(folder / "good.dump"), **options})


def refused(error: str, match: str) -> t.Any:
    """Expect a refusal with that word."""

    @contextlib.contextmanager
    def expect() -> t.Iterator[None]:
        with pytest.raises(ToolError, match=match) as caught:
            yield
        assert caught.value.details["error"] == error

    return expect()


def marks(server: FakePostgres) -> dict[str, str]:
    """Return what is where, without the moments in the names."""
    return {re.sub(r"\d{8}T\d{6}Z", "T", name): content.get("mark", "") for name, content in server.databases.items() if name != "postgres"}


def shapes(events: t.Iterable[str]) -> list[str]:
    """Return events without the moments in them."""
    return [re.sub(r"\d{8}T\d{6}Z", "T", event) for event in events]


LOADED = {"moodle": "new", "moodle-replaced-T": "live"}
FRESH = "moodle-loading-T"
STEPS = [
    f"create {FRESH}",
    f"load {FRESH} on --no-owner --no-privileges --role=moodle 1 entries",
    f"load {FRESH} on --no-owner --no-privileges 1 entries",
    f"load {FRESH} on --no-owner --no-privileges --role=moodle 13 entries",
    f"load {FRESH} off --no-owner 2 entries",
    "analyze",
    "set the password",
    "swap",
]


def test_a_dump_takes_the_place_of_the_database_which_is_kept(folder: pathlib.Path) -> None:
    server = FakePostgres()
    result = load(server, folder)
    assert shapes(server.events) == STEPS
    assert marks(server) == LOADED
    assert (result["changed"], result["tables"], shapes(result["kept"])) == (True, 3, ["moodle-replaced-T"])
    assert shapes(result["plan"]) == [
        f"load 3 tables into {FRESH}, beside moodle",
        f"put {FRESH} in the place of moodle, and keep that as moodle-replaced-T",
    ]
    assert result["database"]["name"] == "moodle"
    assert server.grants == ["GRANT CONNECT"]


@pytest.mark.parametrize("cut", ["create", f"load {FRESH[:-1]}", "analyze", "set the password", "swap"])
def test_a_run_that_was_cut_leaves_the_database_and_the_next_one_cleans_up(folder: pathlib.Path, cut: str) -> None:
    server = FakePostgres()
    server.cut = cut
    with pytest.raises(KeyboardInterrupt):
        load(server, folder)
    assert server.databases["moodle"]["mark"] == "live"
    assert ("drop" in " ".join(server.events)) is False
    server.cut = ""
    load(server, folder)
    assert marks(server) == LOADED


def test_a_run_that_was_cut_after_the_swap_loses_nothing_when_it_is_repeated(folder: pathlib.Path) -> None:
    server = FakePostgres()
    load(server, folder)
    load(server, folder)
    assert sorted(content["mark"] for content in server.databases.values() if content) == ["live", "new", "new"]


def test_in_check_mode_everything_is_looked_at_and_nothing_changes(folder: pathlib.Path) -> None:
    server = FakePostgres()
    result = load(server, folder, check=True)
    assert (result["changed"], len(result["plan"]), server.events) == (True, 2, [])
    server.free = 1000
    with refused("no_space", "has 0 MB of free space, and about 64 MB are needed"):
        load(server, folder, check=True)


def test_a_drill_removes_what_it_loaded_and_the_site_may_run(folder: pathlib.Path) -> None:
    server = FakePostgres()
    server.start("php", "php")
    result = load(server, folder, drill=True)
    assert shapes(server.events) == [*STEPS[:-2], f"drop {FRESH}"]
    assert marks(server) == {"moodle": "live"}
    assert (result["changed"], result["kept"], shapes(result["plan"])[-1]) == (False, [], f"remove {FRESH} again")
    with refused("load", "came; the database of the site is as it was"):
        server.listing = server.listing.replace("FUNCTION public f()", "TABLE public f")
        load(server, folder, drill=True)
    assert marks(server) == {"moodle": "live"}


# What is different, the word, and what the sentence says
REFUSED: list[tuple[str, t.Callable[[FakePostgres], t.Any], str, str]] = [
    ("a site that runs", lambda server: server.start("cron", "cron"), "site_running", "still works with its database \\(cron-2\\)"),
    ("no role", lambda server: server.roles.clear(), "no_role", "has no role moodle"),
    ("no member", lambda server: server.roles.update(moodle=False), "no_privilege", "postgres is not a member of moodle"),
    ("no right to create", lambda server: setattr(server, "creates", False), "no_privilege", "postgres may not create databases"),
    ("full disk", lambda server: setattr(server, "free", 1 << 20), "no_space", "has 1 MB of free space"),
    (
        "an extension that is not there",
        lambda server: setattr(server, "listing", server.listing.replace("EXTENSION - pg_trgm", "EXTENSION - postgis")),
        "extension",
        "does not offer: the extension postgis",
    ),
    ("damaged dump", lambda server: server.fails.update(list=Result(1, "", "did not find magic string")), "bad_dump", "did not find magic"),
    ("empty dump", lambda server: setattr(server, "listing", "; Archive\n"), "bad_dump", "The dump is empty"),
    ("no server", lambda server: server.databases.pop("postgres"), "unreachable", "does not exist"),
]


@pytest.mark.parametrize(("change", "error", "match"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_end_well_is_refused_before_anything_is_done(
    folder: pathlib.Path, change: t.Callable[[FakePostgres], t.Any], error: str, match: str
) -> None:
    server = FakePostgres()
    change(server)
    with refused(error, match):
        load(server, folder)
    assert server.events == []


# What the dump holds or what happens, the word, and what the sentence says
FAILED: list[tuple[str, dict[str, t.Any], t.Callable[[FakePostgres], t.Any], str, str]] = [
    ("other tables", {"tables": 2}, lambda _server: None, "load", "has 3 tables, and 2 came"),
    ("no moodle", {"tables": 3}, lambda _server: None, "not_moodle", "no table mdl_config"),
    ("unfinished", site("x", version=""), lambda _server: None, "not_moodle", "never finished"),
    ("another site", site("x", campus_site_id="id-2"), lambda _server: None, "foreign", r"of another site \(id-2, and this one is id-1\)"),
    ("an error", site("x"), lambda server: server.fails.update(load=Result(3, "", "ERROR:  no")), "load", "ERROR:  no"),
    ("no password", site("x"), lambda server: setattr(server, "secret", False), "database", "has no password in /run/secrets/"),
    ("sessions", site("x"), lambda server: server.busy.append(BUSY), "in_use", r"monitor \(check, local\). Nothing was renamed"),
]
BUSY = {"usename": "monitor", "application_name": "check", "client_addr": None}


@pytest.mark.parametrize(("content", "change", "error", "match"), [row[1:] for row in FAILED], ids=[row[0] for row in FAILED])
def test_what_fails_on_the_way_leaves_the_database_as_it_was(
    folder: pathlib.Path, content: dict[str, t.Any], change: t.Callable[[FakePostgres], t.Any], error: str, match: str
) -> None:
    server = FakePostgres()
    change(server)
    with refused(error, match):
        load(server, folder, path=dump_of(folder / "other.dump", content))
    assert marks(server) == {"moodle": "live"}


def test_a_dump_without_an_identity_is_taken(folder: pathlib.Path) -> None:
    """A site of another kind of installation comes to this one so."""
    server = FakePostgres()
    load(server, folder, path=dump_of(folder / "other.dump", {"tables": 3, "config": {"version": "1"}, "mark": "foreign"}))
    assert marks(server)["moodle"] == "foreign"


def test_privileges_that_cannot_be_granted_are_warnings(folder: pathlib.Path) -> None:
    server = FakePostgres()
    server.fails["grants"] = Result(0, "", 'psql:<stdin>:5: ERROR:  role "report" does not exist\n')
    server.errors["GRANT CONNECT"] = Result(0, "", "ERROR:  permission denied")
    assert load(server, folder)["warnings"] == [
        'A privilege of the dump could not be granted: role "report" does not exist',
        "A setting of the database moodle could not be taken over: permission denied",
    ]


def test_a_database_that_does_not_run_is_started_to_load_and_never_to_dump(folder: pathlib.Path) -> None:
    server = FakePostgres()
    server.containers.clear()
    assert "nothing more can be told" in load(server, folder, check=True)["plan"][0]
    assert server.commands == []
    for state, options in (("dumped", {"path": str(folder / "x.dump")}), ("reverted", {}), ("confirmed", {})):
        with refused("not_running", "docker compose up --detach --wait postgres"):
            run(server, folder, state, **options)
    with refused("not_running", "does not run"):
        load(server, folder, drill=True)
    load(server, folder)
    assert server.commands == ["up postgres"]
    assert marks(server) == LOADED


VERSIONS = {"database_version": "2022112817.00", "code_version": "2024100705.00", "action": "upgrade"}


@pytest.mark.parametrize(("drill", "held"), [(True, {"moodle": "live"}), (False, LOADED)])
def test_the_image_looks_at_a_dump_before_it_takes_the_place(folder: pathlib.Path, drill: bool, held: dict[str, str]) -> None:
    server = FakePostgres()
    server.containers.clear()
    server.answers["preflight"] = (0, {**VERSIONS, "maintenance_required": True, "warnings": []})
    result = load(server, folder, drill=drill, preflight=True)
    (words,) = [words for words in server.words if "preflight" in words]
    (name,) = [word.removeprefix("--env=MOODLE_DATABASE_NAME=") for word in words if word.startswith("--env=MOODLE_DATABASE_NAME=")]
    assert shapes([name]) == [FRESH]
    assert words.index("--env=MOODLE_SESSION_HOST=") < words.index("cli")
    assert server.commands == ["up postgres", "preflight --json"]
    assert result["moodle"] == VERSIONS
    assert marks(server) == held


@pytest.mark.parametrize(
    ("live", "seen"), [(site("live"), None), ({**site("live"), "accessed": "2026-11-21T08:00:00Z"}, "2026-11-21T08:00:00Z"), ({}, None)]
)
def test_it_tells_when_somebody_was_last_in_either(folder: pathlib.Path, live: dict[str, t.Any], seen: str | None) -> None:
    server = FakePostgres()
    server.databases["moodle"] = live
    server.answers["preflight"] = (0, {**VERSIONS, "maintenance_required": True, "warnings": []})
    dump_of(folder / "used.dump", {**site("new"), "accessed": "2026-11-20T16:04:11Z"})
    result = load(server, folder, path=str(folder / "used.dump"), drill=True, preflight=True)
    assert result["accessed"] == {"dump": "2026-11-20T16:04:11Z", "site": seen}


def test_a_database_that_does_not_say_whose_it_is_is_marked(folder: pathlib.Path) -> None:
    former = site("new")
    del former["config"]["campus_site_id"]
    dump_of(folder / "former.dump", former)
    server = FakePostgres()
    load(server, folder, path=str(folder / "former.dump"), drill=True)
    assert "mark" not in server.events
    load(server, folder, path=str(folder / "former.dump"))
    assert server.events[-3:] == ["mark", "set the password", "swap"]


def test_a_dump_that_the_image_refuses_replaces_nothing(folder: pathlib.Path) -> None:
    server = FakePostgres()
    sentence = "The database knows plugins that the image lacks: mod_absent."
    server.answers["preflight"] = (4, {"problems": [{"code": "missing_plugin", "sentence": sentence}]})
    with refused("missing_plugin", sentence):
        load(server, folder, preflight=True)
    assert marks(server) == {"moodle": "live"}


def test_a_lost_database_is_made_anew(folder: pathlib.Path) -> None:
    server = FakePostgres()
    del server.databases["moodle"]
    result = load(server, folder)
    assert (marks(server), result["kept"]) == ({"moodle": "new"}, [])
    assert shapes(result["plan"])[-1] == f"put {FRESH} in the place of moodle"


def test_the_replaced_database_comes_back_and_goes_again(folder: pathlib.Path) -> None:
    server = FakePostgres()
    with refused("nothing_kept", "nothing to go back to"):
        run(server, folder, "reverted")
    load(server, folder)
    server.databases["moodle-replaced-20200101T000000Z"] = site("older")
    assert run(server, folder, "reverted", check=True)["changed"]
    assert marks(server)["moodle"] == "new"
    result = run(server, folder, "reverted")
    assert (result["changed"], server.databases["moodle"]["mark"]) == (True, "live")
    assert sorted(server.databases[name]["mark"] for name in result["kept"]) == ["new", "older"]
    server.start("php", "php")
    with refused("site_running", "close it first"):
        run(server, folder, "reverted")


@pytest.mark.parametrize(("older_than", "kept"), [("0s", 0), ("7d", 1), ("200w", 1), ("3000w", 2)])
def test_kept_databases_go_when_they_are_confirmed_or_old(folder: pathlib.Path, older_than: str, kept: int) -> None:
    server = FakePostgres()
    now = swaps.beside("moodle", "replaced", database.now())
    server.databases.update({"moodle-replaced-20200101T000000Z": site("old"), now: site("new"), "moodle-replaced": site("other")})
    server.start("php", "php")
    foreseen = run(server, folder, "confirmed", older_than=older_than, check=True)
    assert (foreseen["changed"], len(foreseen["kept"]), server.events) == (kept < 2, kept, [])
    assert len(run(server, folder, "confirmed", older_than=older_than)["kept"]) == kept
    assert not run(server, folder, "confirmed", older_than=older_than)["changed"]
    assert {"moodle", "moodle-replaced"} < set(server.databases)


def test_an_age_that_is_none_is_refused(folder: pathlib.Path) -> None:
    with refused("invalid", "older_than is 'week'"):
        run(FakePostgres(), folder, "confirmed", older_than="week")


def test_a_dump_replaces_the_file_when_it_is_complete(folder: pathlib.Path) -> None:
    server, path = FakePostgres(), folder / "good.dump"
    before = path.read_text(encoding="utf-8")
    assert run(server, folder, "dumped", path=str(path), check=True)["changed"]
    server.fails["pg_dump"] = Result(1, "", "canceling statement due to lock timeout")
    with refused("database", "lock timeout"):
        run(server, folder, "dumped", path=str(path))
    server.fails = {"list": Result(1, "", "damaged")}
    with refused("bad_dump", "damaged"):
        run(server, folder, "dumped", path=str(path))
    assert path.read_text(encoding="utf-8") == before
    server.fails = {}
    result = run(server, folder, "dumped", path=str(path))
    assert (result["changed"], result["tables"], result["size"]) == (True, 3, path.stat().st_size)
    assert "live" in path.read_text(encoding="utf-8")
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


def test_a_dump_is_refused_where_it_cannot_be_made(folder: pathlib.Path) -> None:
    server = FakePostgres()
    server.major = 18
    with refused("client_too_old", "PostgreSQL 18.1, and the programs are of 17"):
        run(server, folder, "dumped", path=str(folder / "x.dump"))
    server.major = 17
    with refused("no_space", "are needed"):
        run(server, folder, "dumped", path=str(folder / "x.dump"), disk_minimum=1 << 60)
    with refused("files", "No such file or directory"):
        run(server, folder, "dumped", path="/nonexistent/x.dump")
    del server.databases["moodle"]
    with refused("no_database", "no database moodle"):
        run(server, folder, "dumped", path=str(folder / "x.dump"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a dump in PostgreSQL's own format; make one with 'pg_dump --format=custom'"),
        (b"--\n-- PostgreSQL database dump\n--\n", "is a dump of PostgreSQL as text; make one with 'pg_dump --format=custom'"),
        (b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19", "is a dump of MariaDB; take its database to"),
        (b"-- MariaDB dump 10.19  Distrib 10.6.7-MariaDB", "is a dump of MariaDB; take its database to PostgreSQL"),
        (b"-- MySQL dump 10.13  Distrib 8.0.39", "is a dump of MySQL; take its database to PostgreSQL"),
        (b"\x1f\x8b\x08\x00PGDMP", "is compressed by gzip; unpack it"),
        (b"PK\x03\x04", "is a zip archive; unpack it"),
    ],
)
def test_another_kind_of_file_is_no_dump(folder: pathlib.Path, content: bytes, sentence: str) -> None:
    (folder / "x.sql").write_bytes(content)
    with refused("bad_dump", sentence):
        load(FakePostgres(), folder, path=str(folder / "x.sql"))


def test_a_directory_without_a_site_is_refused(tmp_path: pathlib.Path) -> None:
    with refused("no_site", "it has no compose.yml"):
        run(FakePostgres(), tmp_path, "dumped")


def test_the_command_of_a_dump_goes_into_the_database_of_the_site(folder: pathlib.Path) -> None:
    server = FakePostgres()
    server.containers.clear()
    result = run(server, folder, "dumped", compression_level=3)
    assert (result["changed"], server.events) == (False, [])
    assert " ".join(result["command"]) == (
        "docker compose --project-name moodle-x exec -T --env=PGUSER=postgres postgres "
        "pg_dump --format=custom --compress=3 --lock-wait-timeout=60s --dbname=dbname='moodle'"
    )


def test_a_server_elsewhere_is_reached_through_a_container_that_is_removed(folder: pathlib.Path) -> None:
    server = elsewhere(folder)
    load(server, folder)
    assert marks(server) == LOADED
    assert (server.events[0], server.events[-1]) == ("start a client of services", "remove the client")
    # Neither its password nor its disk is ours.
    assert "set the password" not in server.events
    assert not any("df" in words for words in server.words)
    words = next(words for words in server.words if words[:2] == ["docker", "run"])
    assert {"--network=moodle-x_moodle-network", "--read-only", "--cap-drop=ALL", "--entrypoint=sleep"} < set(words)
    assert {"--env=PGHOST=db.example.edu", "--env=PGUSER=moodle", "--env=PGSSLMODE=verify-full"} < set(words)
    assert f"--volume={folder}/database_password:/run/secrets/database_password:ro" in words
    assert CANARY not in str(server.words)


def test_the_client_goes_when_the_run_is_cut(folder: pathlib.Path) -> None:
    server = elsewhere(folder)
    server.cut = "analyze"
    with pytest.raises(KeyboardInterrupt):
        load(server, folder)
    assert server.events[-1] == "remove the client"


def test_an_administrator_of_a_server_elsewhere_logs_in_with_a_file(folder: pathlib.Path) -> None:
    server, file = elsewhere(folder), str(folder / "admin_password")
    login = {"login_user": "admin", "login_password_file": file, "client_image": "postgres:18"}
    run(server, folder, "dumped", path=str(folder / "x.dump"), **login)
    assert server.events[0] == "start a client of postgres:18"
    words = next(words for words in server.words if words[:2] == ["docker", "run"])
    assert {"--env=PGUSER=admin", f"--volume={file}:/run/secrets/database_password:ro"} < set(words)
    assert CANARY not in str(server.words)


def test_the_command_of_a_dump_elsewhere_has_a_container_of_its_own_and_no_secret(folder: pathlib.Path) -> None:
    command = run(elsewhere(folder), folder, "dumped")["command"]
    assert command[:3] == ["docker", "run", "--rm"]
    assert command[command.index("services") :][:2] == ["services", "-c"]
    assert command[-1] == "--dbname=dbname='moodle'"
    assert CANARY not in str(command)


def test_a_site_without_a_services_image_needs_another_one(folder: pathlib.Path) -> None:
    server = elsewhere(folder)
    text = (folder / "compose.yml").read_text(encoding="utf-8").replace('"proxy"', '"front"')
    (folder / "compose.yml").write_text(text, encoding="utf-8")
    with refused("no_client", "client_image"):
        run(server, folder, "dumped")


def test_a_password_that_is_not_there_is_named(folder: pathlib.Path) -> None:
    server = elsewhere(folder)
    with refused("files", "nowhere: No such file"):
        run(server, folder, "dumped", login_password_file=str(folder / "nowhere"))
