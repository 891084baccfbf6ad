# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""compose_database on a real PostgreSQL of the services image: a site's own server, and the same one as a server elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from support import modules
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
PASSWORD = "Canary-3-database"
SITE_ID = "8f14e45f-ceea-467f-a0d6-3f2a2a3f2b0e"
# What a dump can hold: an extension, rows that look like statements, privileges of others, and a table that is slow to load.
CONTENT = f"""
CREATE ROLE report;
CREATE EXTENSION pg_trgm;
SET ROLE moodle;
CREATE TABLE mdl_config (id serial PRIMARY KEY, name text UNIQUE, value text);
INSERT INTO mdl_config (name, value) VALUES ('version', '2024100705'), ('campus_site_id', '{SITE_ID}'), ('motto', 'before');
CREATE TABLE mdl_odd (line text);
INSERT INTO mdl_odd VALUES ('SET transaction_timeout = 0;'), ('\\.'), (E'tab\\tand\\nline');
CREATE FUNCTION slow(integer) RETURNS boolean LANGUAGE sql AS 'SELECT true FROM pg_sleep(0.05)';
CREATE TABLE mdl_slow (id integer CHECK (slow(id)));
INSERT INTO mdl_slow SELECT generate_series(1, 40);
GRANT SELECT ON mdl_config TO report;
RESET ROLE;
REVOKE ALL ON DATABASE moodle FROM PUBLIC;
GRANT CONNECT ON DATABASE moodle TO report;
ALTER DATABASE moodle SET work_mem = '9MB';
"""


class Project:
    """A Compose project with the parts of role site's file that matter here, without a Moodle."""

    def __init__(self, name: str, folder: Path, image: str, run_module: t.Any, *, host: str = "postgres") -> None:
        self.name = name
        self.folder = folder
        self._run_module = run_module
        (folder / "secrets").mkdir(parents=True)
        for reader, uid in (("moodle", 10001), ("services", 10002)):
            path = folder / "secrets" / reader
            path.write_text(PASSWORD + "\n", encoding="utf-8")
            path.chmod(0o600)
            os.chown(path, uid, uid)
        database = {
            "image": image,
            "command": ["postgres"],
            "read_only": True,
            "cap_drop": ["ALL"],
            "tmpfs": ["/tmp:mode=1777,size=64m"],
            "environment": {"POSTGRES_DB": "moodle", "POSTGRES_USER": "moodle", "POSTGRES_PASSWORD_FILE": "/run/secrets/database_password"},
            "volumes": ["database:/var/lib/postgresql"],
            "secrets": [{"source": "services_database_password", "target": "database_password"}],
            "healthcheck": {"test": ["CMD", "/opt/campus-services/bin/service", "health", "postgres"], "interval": "1s", "retries": 60},
        }
        moodle = {"MOODLE_DATABASE_HOST": host, "MOODLE_DATABASE_NAME": "moodle", "MOODLE_SITE_ID": SITE_ID}
        idle = {"image": image, "entrypoint": ["sleep", "infinity"], "stop_grace_period": "0s", "networks": ["moodle-network"]}
        own = {"postgres": {**database, "networks": ["moodle-network"]}} if host == "postgres" else {}
        definition = {
            "name": name,
            "services": {"php": {**idle, "environment": moodle, "secrets": ["database_password"]}, "proxy": idle, **own},
            "networks": {"moodle-network": {}},
            "volumes": {"database": {}},
            "secrets": {"database_password": {"file": "./secrets/moodle"}, "services_database_password": {"file": "./secrets/services"}},
        }
        (folder / "compose.yml").write_text(json.dumps(definition), encoding="utf-8")

    def compose(self, *words: str) -> str:
        """Run a command of Compose."""
        return docker("compose", "--project-directory", str(self.folder), *words)

    def run(self, state: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Run the module."""
        return t.cast("dict[str, t.Any]", self._run_module("compose_database", {**self.options(state), **options}, check=check))

    def options(self, state: str) -> dict[str, t.Any]:
        """Return the options of a task."""
        return {"project": self.name, "directory": str(self.folder), "state": state}

    def sql(self, statement: str, database: str = "moodle") -> str:
        """Run SQL as the superuser; rows are lines."""
        command = ["psql", "--username=postgres", "-XAtq", "--set=ON_ERROR_STOP=1", "--dbname", database]
        return subprocess.run(
            ["docker", "compose", "--project-directory", str(self.folder), "exec", "-T", "postgres", *command],
            input=statement, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def motto(self) -> str:
        """Return what tells one database from another."""
        return self.sql("SELECT value FROM mdl_config WHERE name = 'motto'")

    def set_motto(self, text: str) -> None:
        """Let the live database differ from a dump."""
        self.sql(f"UPDATE mdl_config SET value = '{text}' WHERE name = 'motto'")

    def databases(self) -> list[str]:
        """Return the names of the databases that are not PostgreSQL's."""
        return self.sql("SELECT datname FROM pg_database WHERE datname LIKE 'moodle%' ORDER BY datname").splitlines()

    def state(self) -> str:
        """Return what a dump does not tell alone: owners, privileges, settings, rules of languages, and the content."""
        return self.sql(
            "SELECT datacl, pg_get_userbyid(datdba), encoding, datlocprovider, datlocale, datcollate, datctype FROM pg_database"
            " WHERE datname = 'moodle';"
            "SELECT setconfig FROM pg_db_role_setting, pg_database WHERE oid = setdatabase AND datname = 'moodle';"
            "SELECT relname, relacl, pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^mdl_' ORDER BY 1;"
            "SELECT extname FROM pg_extension ORDER BY 1; SELECT line FROM mdl_odd; SELECT count(*), sum(id) FROM mdl_slow;"
        )

    def down(self) -> None:
        """Remove everything."""
        self.compose("down", "--volumes", "--timeout", "5", "--remove-orphans")


@pytest.fixture(scope="module")
def own(services_image: str, tmp_path_factory: pytest.TempPathFactory, run_module: t.Any) -> t.Iterator[Project]:
    """Return a site with a server of its own, which runs."""
    project = Project(f"campus-database-{os.getpid()}", tmp_path_factory.mktemp("own"), services_image, run_module)
    try:
        project.compose("up", "--detach", "--wait", "postgres")
        project.sql(CONTENT)
        yield project
    finally:
        project.down()


@pytest.fixture(scope="module")
def dump(own: Project) -> str:
    """Return a dump of the site, made by the module."""
    path = own.folder / "site.dump"
    done = own.run("dumped", path=str(path))
    assert (done["failed"], done["changed"], done["tables"]) == (False, True, 3), done
    assert (path.stat().st_mode & 0o777, done["size"]) == (0o600, path.stat().st_size)
    return str(path)


@pytest.fixture
def alone(own: Project) -> t.Iterator[Project]:
    """Return the site with its database alone, as it was before and no other database beside it."""
    yield own
    own.compose("rm", "--stop", "--force", "php")
    own.run("confirmed")
    assert own.databases() == ["moodle"]


def succeeded(done: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a result that is a success."""
    assert not done["failed"], done
    return done


def test_a_dump_comes_back_as_it_was_and_so_does_the_replaced_database(alone: Project, dump: str) -> None:
    before = alone.state()
    alone.set_motto("later")
    alone.sql("ALTER ROLE moodle PASSWORD 'of an earlier server'")
    foreseen = succeeded(alone.run("loaded", path=dump, check=True))
    assert (foreseen["changed"], alone.databases(), alone.motto()) == (True, ["moodle"], "later")
    done = succeeded(alone.run("loaded", path=dump))
    assert (done["changed"], done["tables"], done.get("warnings", [])) == (True, 3, [])
    assert (alone.motto(), alone.state()) == ("before", before)
    assert done["kept"] == [name for name in alone.databases() if name != "moodle"]
    # The site logs in with the password of its file.
    login = 'PGPASSWORD=$(cat /run/secrets/database_password) psql -h 127.0.0.1 -U moodle -d moodle -XAtqc "SELECT count(*) FROM mdl_slow"'
    assert alone.compose("exec", "-T", "postgres", "sh", "-c", login).strip() == "40"
    assert PASSWORD not in json.dumps(done)
    assert (succeeded(alone.run("reverted"))["changed"], alone.motto()) == (True, "later")
    assert (succeeded(alone.run("reverted"))["changed"], alone.motto()) == (True, "before")
    assert alone.run("confirmed", older_than="1h")["changed"] is False
    assert [alone.run("confirmed")["changed"] for _time in range(2)] == [True, False]
    assert alone.run("reverted")["error"] == "nothing_kept"


def test_a_run_that_is_killed_while_it_loads_leaves_the_site_and_is_repeated(alone: Project, dump: str) -> None:
    alone.set_motto("later")
    command = [sys.executable, "-m", "ansible_collections.campus.moodle.plugins.modules.compose_database"]
    environment = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment) as run:
        assert run.stdin
        run.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**alone.options("loaded"), "path": dump}}))
        run.stdin.close()
        wait_for(lambda: len(alone.databases()) == 2, seconds=60, what="the fresh database")
        run.kill()
    assert alone.motto() == "later"
    done = succeeded(alone.run("loaded", path=dump))
    assert (alone.motto(), len(alone.databases())) == ("before", 2)
    assert "a run that was cut left" in done["plan"][0]


def test_a_site_that_runs_is_not_touched_and_a_drill_works(alone: Project, dump: str) -> None:
    alone.compose("up", "--detach", "--no-deps", "php")
    alone.set_motto("later")
    assert alone.run("loaded", path=dump)["error"] == "site_running"
    drill = succeeded(alone.run("loaded", path=dump, drill=True))
    assert (drill["changed"], drill["tables"], alone.databases(), alone.motto()) == (False, 3, ["moodle"], "later")


def test_what_is_damaged_foreign_or_too_slow_leaves_nothing(alone: Project, dump: str, tmp_path: Path) -> None:
    whole, before = Path(dump).read_bytes(), alone.state()
    (tmp_path / "cut.dump").write_bytes(whole[:-200])
    (tmp_path / "foreign.dump").write_bytes(whole.replace(SITE_ID.encode(), b"0" * len(SITE_ID)))
    # What is left where even the removal takes too long, the next run removes.
    results = [alone.run("loaded", path=dump, timeout=1)]
    results += [alone.run("loaded", path=str(tmp_path / f"{name}.dump")) for name in ("cut", "foreign")]
    assert [(done["failed"], done["error"]) for done in results] == [(True, "timed_out"), (True, "load"), (True, "foreign")]
    assert (alone.databases(), alone.state()) == (["moodle"], before)


def test_a_server_that_does_not_run_is_started_to_load(alone: Project, dump: str) -> None:
    command = succeeded(alone.run("dumped"))["command"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"PGDMP")
    alone.compose("rm", "--stop", "--force", "postgres")
    assert alone.run("dumped", path=str(alone.folder / "x.dump"))["error"] == "not_running"
    succeeded(alone.run("loaded", path=dump))
    assert alone.motto() == "before"


def test_examples(alone: Project, dump: str, run_play: t.Any) -> None:
    mine = {"moodle-physics": alone.name, "/opt/moodle/physics": str(alone.folder), "/var/backups/physics.dump": dump}
    text = json.dumps(modules.examples_of("compose_database"))
    for documented, real in mine.items():
        assert documented in text
        text = text.replace(documented, real)
    alone.set_motto("later")
    done = run_play(json.loads(text))
    assert done.rc == 0, done.output
    assert [row["changed"] for row in done.results] == [False, False, True, False]
    assert (alone.motto(), len(alone.databases())) == ("before", 2)


@pytest.fixture
def elsewhere(alone: Project, services_image: str, tmp_path: Path, run_module: t.Any) -> t.Iterator[Project]:
    """Return a site whose database is on the server of the other one."""
    project = Project(f"{alone.name}-else", tmp_path / "else", services_image, run_module, host="db.example.edu")
    project.compose("create", "proxy")
    container = alone.compose("ps", "--quiet", "postgres").strip()
    docker("network", "connect", "--alias", "db.example.edu", f"{project.name}_moodle-network", container)
    yield project
    docker("network", "disconnect", "--force", f"{project.name}_moodle-network", container)
    project.down()


def test_a_server_elsewhere_is_dumped_and_loaded(elsewhere: Project, alone: Project, tmp_path: Path) -> None:
    path, before = str(tmp_path / "else.dump"), alone.state()
    succeeded(elsewhere.run("dumped", path=path, compression_level=1))
    printed = subprocess.run(succeeded(elsewhere.run("dumped"))["command"], capture_output=True, check=True).stdout
    assert printed.startswith(b"PGDMP")
    assert elsewhere.run("loaded", path=path)["error"] == "no_privilege"
    alone.sql("ALTER ROLE moodle CREATEDB")
    alone.set_motto("later")
    done = succeeded(elsewhere.run("loaded", path=path))
    assert (alone.motto(), alone.state()) == ("before", before)
    assert PASSWORD not in json.dumps(done)
    # Its administrator may do what the site's user may not, and logs in with a file.
    alone.sql("ALTER ROLE moodle NOCREATEDB; CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'chief'")
    (tmp_path / "chief").write_text("chief\n", encoding="utf-8")
    (tmp_path / "chief").chmod(0o600)
    login = {"login_user": "chief", "login_password_file": str(tmp_path / "chief")}
    assert succeeded(elsewhere.run("confirmed", **login))["kept"] == []
    assert elsewhere.run("confirmed", login_user="chief")["error"] == "unreachable"
    clients = f"label=campus.moodle.database-client={elsewhere.name}"
    assert docker("ps", "--all", "--quiet", "--filter", clients) == ""


def test_a_session_of_an_administrator_keeps_the_database_in_its_place(elsewhere: Project, alone: Project, tmp_path: Path) -> None:
    alone.sql("ALTER ROLE moodle CREATEDB")
    path = str(tmp_path / "else.dump")
    succeeded(elsewhere.run("dumped", path=path))
    alone.set_motto("later")
    # The site's user may not end it.
    sleep = "SELECT pg_sleep(120)"
    alone.compose("exec", "--detach", "postgres", "psql", "--username=postgres", "--dbname=moodle", "-c", sleep)
    query = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{sleep}'"
    wait_for(lambda: alone.sql(query, "postgres") == "1", seconds=10, what="the administrator's session")
    assert elsewhere.run("loaded", path=path)["error"] == "in_use"
    assert (alone.databases(), alone.motto()) == (["moodle"], "later")
    alone.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{sleep}'", "postgres")
