# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Bad input: one clear sentence, and nothing touched."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import secrets
import socket
import tarfile
import typing as t

import pytest
from support.docker import docker, inspect, project_containers
from support.ports import free_port
from support.relay import relay
from support.site import SUPERUSER, Site
from support.wait import wait_for

if t.TYPE_CHECKING:
    from support.payload import Payload
    from support.playbook import Run

# Ports of the machine that a site for development takes besides the one that each site gets.
FREE = {"moodle_database_host_port": free_port(), "moodle_session_host_port": free_port()}

# id: the variables that are wrong, and what the sentence has to say. None removes a variable.
WRONG_VARIABLES: dict[str, tuple[dict[str, t.Any], str]] = {
    "unknown-branch": ({"moodle_branch": "3.14"}, r"branch.*3\.14"),
    "branch-without-security-fixes": ({"moodle_branch": "5.0", "moodle_allow_unsupported_branch": None}, r"5\.0.*no security fixes"),
    "postgresql-too-old": ({"moodle_database_host": "db.example.org", "moodle_database_version": "12"}, r"PostgreSQL.*1[23]"),
    "wrong-checksum": ({"moodle_archive_sha256": "0" * 64}, r"(SHA-256|checksum)"),
    "missing-source": ({"moodle_source": "/nonexistent/moodle.tgz"}, r"/nonexistent/moodle\.tgz"),
    "bad-hostname": ({"moodle_hostname": "not_a_host name"}, r"moodle_hostname.*not_a_host name"),
    "bad-url": ({"moodle_url": "htp:/campus"}, r"moodle_url.*htp:/campus"),
    "https-without-certificate": ({"moodle_tls": "certificate"}, r"moodle_tls_certificate"),
    "https-url-without-tls": ({"moodle_url": "https://campus.example.org", "moodle_tls": "none"}, r"moodle_(url|tls).*https"),
    "replicas-without-shared-sessions": (
        {"moodle_php_replicas": 2, "moodle_session_store": "database"},
        r"moodle_php_replicas|moodle_session_store",
    ),
    "typo": ({"moodle_hostnam": "campus.example.org"}, r"moodle_hostnam is not a variable.*moodle_hostname"),
    "no-code-to-edit": (
        {"moodle_environment": "development", "moodle_code_directory": "/nonexistent/code", "moodle_mail_catcher": False, **FREE},
        r"moodle_code_directory is /nonexistent/code, which is no directory",
    ),
    "address-of-another-machine": ({"moodle_bind_address": "192.0.2.1"}, r"192\.0\.2\.1, which is no address of the machine"),
    "no-room-for-uploads": ({"moodle_php_memory": "512m"}, r"moodle_php_memory.*moodle_upload_max"),
    "more-web-servers-than-the-proxy-takes": ({"moodle_web_replicas": 21}, r"moodle_web_replicas is 21"),
    "no-disk-space": ({"moodle_disk_minimum": "900t"}, r"(disk|space).*(moodle_disk_minimum|900)"),
}


@pytest.fixture
def victim(make_site: t.Callable[..., Site]) -> t.Iterator[Site]:
    """A site that does not exist yet, and must not come into being."""
    site = make_site("e2e-bad")
    site.remove()
    yield site
    site.remove()


def assert_refused(run: Run, sentence: str) -> None:
    """The run failed, on purpose, with a sentence that one can act upon."""
    assert run.rc != 0, "the run should have been refused"
    assert re.search(sentence, " ".join(run.reasons.split()), re.IGNORECASE), run.reasons
    assert "Traceback" not in run.output
    assert "Unexpected failure" not in run.output


def assert_nothing_runs(site: Site) -> None:
    """The image judged and refused; what it ran in is gone, and no definition is left that would start anything."""
    assert not project_containers(site.project)
    assert not (site.directory / "compose.yml").exists() or not (site.directory / "compose.yml").read_text(encoding="utf-8")


def assert_untouched(site: Site) -> None:
    """Nothing of the site is on the machine."""
    assert not site.directory.exists() or not any(path.is_file() for path in site.directory.rglob("*"))
    assert not site.containers()
    assert not site.volumes()


@pytest.mark.parametrize("case", WRONG_VARIABLES)
def test_refused(victim: Site, case: str) -> None:
    variables, sentence = WRONG_VARIABLES[case]
    run = victim.deploy(**variables)
    assert_refused(run, sentence)
    assert_untouched(victim)


def test_all_problems_are_reported_at_once(victim: Site) -> None:
    run = victim.deploy(moodle_hostname="not_a_host name", moodle_branch="3.14", moodle_tls="certificate")
    for sentence in (r"not_a_host name", r"3\.14", r"moodle_tls_certificate"):
        assert_refused(run, sentence)


def test_archive_that_is_not_moodle(victim: Site, workspace: pathlib.Path) -> None:
    text = workspace / "poem.txt"
    text.write_text("No code here.", encoding="utf-8")
    archive = workspace / "poem.tgz"
    with tarfile.open(archive, "w:gz") as packer:
        packer.add(text, "poem/poem.txt")
    run = victim.deploy(moodle_source=str(archive), moodle_archive_sha256=None)
    assert_refused(run, r"poem\.tgz.*(Moodle|version\.php)|(Moodle|version\.php).*poem\.tgz")
    assert_untouched(victim)


def test_two_sites_of_one_inventory_with_the_same_port(victim: Site, make_site: t.Callable[..., Site]) -> None:
    """Neither runs yet, so the port itself is free. The first one has it; its turn would come next."""
    port = victim.variables["moodle_http_port"]
    other = make_site("e2e-bad-two", moodle_http_port=port)
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {one.name: {**local, **{key: value for key, value in one.variables.items() if value is not None}} for one in (victim, other)}
    inventory = victim.controller.folder / "two.inventory.yml"
    inventory.write_text(json.dumps({"moodle_sites": {"hosts": hosts}}), encoding="utf-8")
    run = victim.controller.play("site", inventory, "--limit", other.name)
    assert_refused(run, rf"moodle_http_port is {port}, which is moodle_http_port of the site {victim.name}")
    assert_untouched(other)


def test_busy_port(victim: Site) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", free_port()))) as listener:
        port = listener.getsockname()[1]
        run = victim.deploy(moodle_http_port=port)
    assert_refused(run, rf"port.*{port}|{port}.*port")
    assert_untouched(victim)


def test_engine_that_does_not_run(victim: Site, workspace: pathlib.Path) -> None:
    run = victim.deploy(environment={"DOCKER_HOST": f"unix://{workspace}/nobody.sock"})
    assert_refused(run, r"Docker.*(run|reach|connect|answer)")
    assert_untouched(victim)


def test_empty_secret_file(victim: Site) -> None:
    victim.secrets.mkdir(parents=True, mode=0o700)
    empty = victim.secrets / "admin_password"
    empty.touch(mode=0o600)
    run = victim.deploy()
    assert_refused(run, r"admin_password.*empty|empty.*admin_password")
    assert not victim.containers()
    assert not victim.volumes()
    assert empty.stat().st_size == 0


FOREIGN = "e2e-foreign-database"


def foreign_sql(statement: str) -> str:
    """Run SQL in the database that is no site's."""
    return docker("exec", FOREIGN, "psql", *SUPERUSER, "-XAtq", "-d", "moodle", "-c", statement)


@pytest.fixture
def foreign_database(site: Site, workspace: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    """A PostgreSQL server, outside of any site, whose database holds tables of another Moodle; the variables to use it."""
    secret = f"Canary-{secrets.token_hex(16)}"
    password = workspace / "foreign_password"
    password.write_text(secret, encoding="utf-8")
    password.chmod(0o644)
    docker("rm", "--force", "--volumes", FOREIGN, check=False)
    docker(
        *("run", "--detach", "--name", FOREIGN, "--env", "POSTGRES_DB=moodle", "--env", "POSTGRES_USER=moodle"),
        *("--env", "POSTGRES_PASSWORD_FILE=/run/password", "--volume", f"{password}:/run/password:ro"),
        *(site.container("postgres")["Config"]["Image"], "postgres"),
    )
    wait_for(lambda: foreign_sql("SELECT 1") == "1", seconds=60, what="the start of a database")
    foreign_sql("CREATE TABLE mdl_config (id int, name text, value text)")
    foreign_sql("INSERT INTO mdl_config VALUES (1, 'version', '2024100700')")
    foreign_sql("GRANT ALL ON mdl_config TO moodle")
    address = (site.gateway, free_port())
    with relay(address, (inspect(FOREIGN)[0]["NetworkSettings"]["IPAddress"], 5432)):
        yield {
            "moodle_database_host": address[0],
            "moodle_database_port": address[1],
            "moodle_database_password": secret,
        }
    docker("rm", "--force", "--volumes", FOREIGN)


def test_database_of_another_site(victim: Site, foreign_database: dict[str, t.Any]) -> None:
    run = victim.deploy("-vvv", "--diff", **foreign_database)
    assert_refused(run, r"database.*tables")
    assert foreign_database["moodle_database_password"] not in run.output
    assert_nothing_runs(victim)
    assert foreign_sql("SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'") == "mdl_config"


def test_a_running_site_does_not_touch_another_database(site: Site, foreign_database: dict[str, t.Any]) -> None:
    """The same image, so nothing but the address says that this is another database; first another site's, then an empty one."""
    before, password = site.identities(), (site.secrets / "database_password").read_bytes()
    looked = site.deploy("--check", **foreign_database)
    assert (looked.rc, site.identities()) == (0, before), looked.reasons
    assert_refused(site.deploy(**foreign_database), r"database.*tables")
    foreign_sql("DROP TABLE mdl_config")
    assert_refused(site.deploy(**foreign_database), r"holds no Moodle.*campus\.moodle\.destroy")
    assert_refused(site.deploy(**{**foreign_database, "moodle_database_password": "wrong"}), r"password")
    assert foreign_sql("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'") == "0"
    assert (site.identities(), (site.secrets / "database_password").read_bytes()) == (before, password)
    assert site.is_ready()
    again = site.deploy()
    assert (again.rc, again.changed_tasks, site.identities()) == (0, [], before), again.reasons


def test_unreachable_database(victim: Site, site: Site) -> None:
    run = victim.deploy(moodle_database_host=site.gateway, moodle_database_port=9, moodle_database_password="secret")
    assert_refused(run, r"moodle_database_host.*no server answers on its port 9")
    assert_untouched(victim)


def test_wrong_checksum_leaves_the_running_site_alone(site: Site, payload: Payload) -> None:
    before = site.identities()
    run = site.deploy(moodle_archive_sha256="0" * 64)
    assert_refused(run, r"(SHA-256|checksum)")
    assert site.identities() == before
    assert site.is_ready()
