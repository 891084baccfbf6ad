# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Bad input: one clear sentence, and nothing touched. All bad sites are hosts of one inventory, which one run of site.yml refuses."""

from __future__ import annotations

import contextlib
import dataclasses
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
    from support.playbook import Controller, Run

# Ports of the machine that a site for development takes besides the one that each site gets.
FREE = {"moodle_database_host_port": free_port(), "moodle_session_host_port": free_port()}

# id: the variables that are wrong, and what the sentences have to say. None removes a variable.
WRONG_VARIABLES: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "unknown-branch": ({"moodle_branch": "3.14"}, [r"branch.*3\.14"]),
    "branch-without-security-fixes": ({"moodle_branch": "5.0", "moodle_allow_unsupported_branch": None}, [r"5\.0.*no security fixes"]),
    "postgresql-too-old": ({"moodle_database_host": "db.example.org", "moodle_database_version": "12"}, [r"PostgreSQL.*1[23]"]),
    "wrong-checksum": ({"moodle_archive_sha256": "0" * 64}, [r"(SHA-256|checksum)"]),
    "missing-source": ({"moodle_source": "/nonexistent/moodle.tgz"}, [r"/nonexistent/moodle\.tgz"]),
    "bad-hostname": ({"moodle_hostname": "not_a_host name"}, [r"moodle_hostname.*not_a_host name"]),
    "bad-url": ({"moodle_url": "htp:/campus"}, [r"moodle_url.*htp:/campus"]),
    "https-without-certificate": ({"moodle_tls": "certificate"}, [r"moodle_tls_certificate"]),
    "https-url-without-tls": ({"moodle_url": "https://campus.example.org", "moodle_tls": "none"}, [r"moodle_(url|tls).*https"]),
    "replicas-without-shared-sessions": (
        {"moodle_php_replicas": 2, "moodle_session_store": "database"},
        [r"moodle_php_replicas|moodle_session_store"],
    ),
    "typo": ({"moodle_hostnam": "campus.example.org"}, [r"moodle_hostnam is not a variable.*moodle_hostname"]),
    "no-code-to-edit": (
        {"moodle_environment": "development", "moodle_code_directory": "/nonexistent/code", "moodle_mail_catcher": False, **FREE},
        [r"moodle_code_directory is /nonexistent/code, which is not a directory"],
    ),
    "address-of-another-machine": ({"moodle_bind_address": "192.0.2.1"}, [r"192\.0\.2\.1, which is not an address of the machine"]),
    "no-room-for-uploads": ({"moodle_php_memory": "512m"}, [r"moodle_php_memory.*moodle_upload_max"]),
    "too-many-web-servers": ({"moodle_web_replicas": 21}, [r"moodle_web_replicas is 21"]),
    "no-disk-space": ({"moodle_disk_minimum": "900t"}, [r"(disk|space).*(moodle_disk_minimum|900)"]),
    "all-problems-at-once": (
        {"moodle_hostname": "not_a_host name", "moodle_branch": "3.14", "moodle_tls": "certificate"},
        [r"not_a_host name", r"3\.14", r"moodle_tls_certificate"],
    ),
}
# What has to be arranged on this machine first; see the fixture.
WRONG_SURROUNDINGS = ("archive-that-is-not-moodle", "port-of-another-site", "busy-port", "unreachable-database")

FOREIGN = "e2e-foreign-database"


def foreign_sql(statement: str) -> str:
    """Run SQL in the database that is no site's."""
    return docker("exec", FOREIGN, "psql", *SUPERUSER, "-XAtq", "-d", "moodle", "-c", statement)


@pytest.fixture(scope="module")
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


@dataclasses.dataclass(frozen=True)
class Refusals:
    """The run that had to refuse every site, and what each of them should have been told."""

    run: Run
    victims: dict[str, Site]
    sentences: dict[str, list[str]]
    before: dict[str, str]  # the identities of the site that runs

    def assert_refused(self, case: str) -> None:
        """The site was refused, on purpose, with sentences that one can act upon."""
        name = self.victims[case].name
        assert self.run.counts[name]["failed"] == 1, f"{name} should have been refused"
        assert_said(self.run.reasons_of(name), *self.sentences[case])


def assert_said(reasons: str, *sentences: str) -> None:
    """All the sentences are among the reasons."""
    for sentence in sentences:
        assert re.search(sentence, " ".join(reasons.split()), re.IGNORECASE), reasons


def assert_on_purpose(run: Run) -> None:
    """The run failed, and not because something went wrong in it."""
    assert run.rc != 0, "the run should have been refused"
    assert "Traceback" not in run.output
    assert "Unexpected failure" not in run.output


def assert_untouched(site: Site) -> None:
    """Nothing of the site is on the machine."""
    assert not site.directory.exists() or not any(path.is_file() for path in site.directory.rglob("*"))
    assert not site.containers()
    assert not site.volumes()


def pack_a_poem(folder: pathlib.Path) -> str:
    """Return an archive that is not Moodle."""
    (folder / "poem.txt").write_text("No code here.", encoding="utf-8")
    with tarfile.open(folder / "poem.tgz", "w:gz") as packer:
        packer.add(folder / "poem.txt", "poem/poem.txt")
    return str(folder / "poem.tgz")


@pytest.fixture(scope="module")
def refusals(
    site: Site, make_site: t.Callable[..., Site], controller: Controller, workspace: pathlib.Path, foreign_database: dict[str, t.Any]
) -> t.Iterator[Refusals]:
    """Run site.yml once on all bad sites, which do not exist yet and must not come into being, and on a bad change of one that runs."""
    victims = {case: make_site(f"e2e-bad-{case}", **variables) for case, (variables, _sentences) in WRONG_VARIABLES.items()}
    sentences = {case: told for case, (_variables, told) in WRONG_VARIABLES.items()}

    def arrange(case: str, sentence: str, **variables: t.Any) -> None:
        victims[case] = make_site(f"e2e-bad-{case}", **variables)
        sentences[case] = [sentence]

    poem = r"poem\.tgz.*(Moodle|version\.php)|(Moodle|version\.php).*poem\.tgz"
    arrange("archive-that-is-not-moodle", poem, moodle_source=pack_a_poem(workspace), moodle_archive_sha256=None)
    # Neither runs yet, so the port itself is free. The first one has it; its turn would come next.
    first = victims["no-disk-space"]
    port = first.variables["moodle_http_port"]
    taken = rf"moodle_http_port is {port}, which is moodle_http_port of the site {first.name}"
    arrange("port-of-another-site", taken, moodle_http_port=port)
    nowhere = {"moodle_database_host": site.gateway, "moodle_database_port": 9, "moodle_database_password": "secret"}
    arrange("unreachable-database", r"moodle_database_host.*no server answers on its port 9", **nowhere)
    arrange("database-of-another-site", r"database.*tables", **foreign_database)
    arrange("empty-secret-file", r"admin_password.*empty|empty.*admin_password")
    for victim in victims.values():
        victim.remove()
    secret = victims["empty-secret-file"].secrets
    secret.mkdir(parents=True, mode=0o700)
    (secret / "admin_password").touch(mode=0o600)

    with contextlib.closing(socket.create_server(("127.0.0.1", free_port()))) as listener:
        busy = listener.getsockname()[1]
        arrange("busy-port", rf"port.*{busy}|{busy}.*port", moodle_http_port=busy)
        running = {site.name: {**site.variables, "moodle_archive_sha256": "0" * 64}}
        inventory = controller.write_inventory({**running, **{victim.name: victim.variables for victim in victims.values()}})
        before = site.identities()
        run = controller.play("site", inventory, "-vvv", "--diff")
    yield Refusals(run, victims, sentences, before)
    for victim in victims.values():
        victim.remove()


def test_the_run_refuses_every_site_on_purpose(refusals: Refusals) -> None:
    assert_on_purpose(refusals.run)


@pytest.mark.parametrize("case", [*WRONG_VARIABLES, *WRONG_SURROUNDINGS])
def test_refused(refusals: Refusals, case: str) -> None:
    refusals.assert_refused(case)
    assert_untouched(refusals.victims[case])


def test_empty_secret_file(refusals: Refusals) -> None:
    refusals.assert_refused("empty-secret-file")
    victim = refusals.victims["empty-secret-file"]
    assert not victim.containers()
    assert not victim.volumes()
    assert (victim.secrets / "admin_password").stat().st_size == 0


def test_database_of_another_site(refusals: Refusals, foreign_database: dict[str, t.Any]) -> None:
    """The image checked and refused; what it ran in is gone, and no definition is left that would start anything."""
    refusals.assert_refused("database-of-another-site")
    assert foreign_database["moodle_database_password"] not in refusals.run.output
    victim = refusals.victims["database-of-another-site"]
    assert not project_containers(victim.project)
    definition = victim.directory / "compose.yml"
    assert not definition.exists() or not definition.read_text(encoding="utf-8")
    assert foreign_sql("SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'") == "mdl_config"


def test_wrong_checksum_leaves_the_running_site_alone(site: Site, refusals: Refusals) -> None:
    assert refusals.run.counts[site.name]["failed"] == 1
    assert_said(refusals.run.reasons_of(site.name), r"(SHA-256|checksum)")
    assert site.identities() == refusals.before
    assert site.is_ready()


def test_engine_that_does_not_run(make_site: t.Callable[..., Site], workspace: pathlib.Path) -> None:
    victim = make_site("e2e-bad-engine")
    run = victim.deploy(environment={"DOCKER_HOST": f"unix://{workspace}/nobody.sock"})
    assert_on_purpose(run)
    assert_said(run.reasons, r"Docker.*(run|reach|connect|answer)")
    assert_untouched(victim)


def test_a_running_site_does_not_touch_another_database(site: Site, foreign_database: dict[str, t.Any]) -> None:
    """The same image, so nothing but the address says that this is another database; first another site's, then an empty one."""

    def refuse(sentence: str, **changes: t.Any) -> None:
        run = site.deploy(**{**foreign_database, **changes})
        assert_on_purpose(run)
        assert_said(run.reasons, sentence)

    before, password = site.identities(), (site.secrets / "database_password").read_bytes()
    looked = site.deploy("--check", **foreign_database)
    assert (looked.rc, site.identities()) == (0, before), looked.reasons
    refuse(r"database.*tables")
    foreign_sql("DROP TABLE mdl_config")
    refuse(r"holds no Moodle.*campus\.moodle\.destroy")
    refuse(r"password", moodle_database_password="wrong")
    assert foreign_sql("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'") == "0"
    assert (site.identities(), (site.secrets / "database_password").read_bytes()) == (before, password)
    assert site.is_ready()
    again = site.deploy()
    assert (again.rc, again.changed_tasks, site.identities()) == (0, [], before), again.reasons
