# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Backup, rehearsal and restore of a site by the playbooks, where containers, database and secrets are lost and the files are damaged."""

from __future__ import annotations

import pathlib
import re
import subprocess
import time
import typing as t

import pytest
from support import REPOSITORY
from support.docker import docker
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site

FILE, CONTENT = "thesis.txt", b"Worth a backup."
LATER = "later.txt"
FULL_NAME = "SELECT fullname FROM mdl_course WHERE id = 1"


@pytest.fixture(scope="module")
def run_playbook(site: Site, tmp_path_factory: pytest.TempPathFactory) -> t.Callable[..., str]:
    """run_playbook(name, *arguments) runs a playbook of the collection, or a file of docs/examples, and returns what is printed."""
    bring = [str(REPOSITORY / "scripts" / "program.sh"), "restic"]
    restic = subprocess.run(bring, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=900, check=True).stdout.strip()
    variables = {
        "moodle_backup_repository": str(tmp_path_factory.mktemp("backup")),
        "moodle_backup_password": "e2e-backup",
        "moodle_backup_program": restic,
        # The rehearsal payload has fewer tables than Moodle.
        "moodle_drill_min_tables": 10,
    }

    def run(name: str, *arguments: str, rc: int = 0) -> str:
        inventory = site.controller.write_inventory({site.name: {**site.variables, **variables}})
        playbook = REPOSITORY / "docs" / "examples" / name if name.endswith(".yml") else name
        done = site.controller.play(playbook, inventory, *arguments, timeout=600)
        assert done.rc == rc, done.output
        return done.output

    return run


def logged_in(site: Site, password: str) -> User:
    """Return the administrator, who has to be let in."""
    user = User(site.url)
    user.login("admin", password)
    assert user.sesskey, "the administrator could not log in"
    return user


def stored(site: Site, name: str) -> pathlib.PurePosixPath:
    """Return where moodledata keeps the content of a private file."""
    digest = site.sql(f"SELECT contenthash FROM mdl_files WHERE filename = '{name}' AND filearea = 'private'").splitlines()[0]
    return pathlib.PurePosixPath("/var/moodledata/filedir", digest[:2], digest[2:4], digest)


@pytest.fixture(scope="module")
def backed_up(site: Site, admin_password: str, run_playbook: t.Callable[..., str]) -> dict[str, str]:
    """What the site has when it is backed up: the address of a file, its name, and its secrets."""
    address = logged_in(site, admin_password).upload(FILE, CONTENT)
    facts = {"address": address, "name": site.sql(FULL_NAME), "content": str(stored(site, FILE)), "secrets": secrets_of(site)}
    run_playbook("backup", "-e", "moodle_backup_tag=before-upgrade")
    return facts


def databases(site: Site) -> str:
    """Return the names of all databases of the site's server."""
    return site.sql("SELECT datname FROM pg_database ORDER BY 1")


def secrets_of(site: Site) -> str:
    """Return all secrets with owner and mode, as text."""
    files = sorted(path for path in (site.directory / "secrets").rglob("*") if path.is_file())
    return repr([(str(path), path.stat().st_uid, path.stat().st_mode, path.read_text(encoding="utf-8")) for path in files])


def assert_whole(site: Site, password: str, facts: dict[str, str]) -> None:
    """The site is what it was at the time of the backup, and the next run of site.yml finds nothing to do."""
    assert secrets_of(site) == facts["secrets"]
    assert site.sql(FULL_NAME) == facts["name"]
    assert "replaced" not in databases(site)
    user = logged_in(site, password)
    assert user.get(facts["address"]).content == CONTENT
    assert site.sql(f"SELECT COUNT(*) FROM mdl_files WHERE filename = '{LATER}'") == "0"
    run = site.deploy()
    assert (run.rc, run.changed_tasks) == (0, []), run.reasons


def test_the_age_of_the_backup_is_a_gate(backed_up: dict[str, str], run_playbook: t.Callable[..., str]) -> None:
    output = run_playbook("backup", "--tags", "age")
    assert "Back up the database" not in output


def test_restore_asks_for_the_name_of_the_site(site: Site, backed_up: dict[str, str], run_playbook: t.Callable[..., str]) -> None:
    before = site.identities()
    assert f"-e moodle_restore_site={site.name}" in run_playbook("restore", "-e", "moodle_restore_site=another", rc=2)
    assert site.identities() == before


def test_a_run_that_is_not_there_is_refused_with_a_list(site: Site, backed_up: dict[str, str], run_playbook: t.Callable[..., str]) -> None:
    before = site.identities()
    confirmed = ("-e", f"moodle_restore_site={site.name}")
    output = run_playbook("restore", *confirmed, "-e", "moodle_restore_run=run-20000101T000000Z", rc=2)
    assert "no backup run-20000101T000000Z" in output
    assert re.search(r"Complete are: run-\d{8}T\d{6}Z", output)
    assert site.identities() == before


def test_a_site_whose_front_is_gone_is_backed_up(site: Site, backed_up: dict[str, str], run_playbook: t.Callable[..., str]) -> None:
    """So that nobody does what the last backup before a move has not."""
    (front,) = site.containers("proxy")
    docker("stop", front["Id"])
    try:
        assert "Back up the database" in run_playbook("backup")
    finally:
        docker("start", front["Id"])
    site.wait_until_ready(60)


def test_the_night_makes_another_backup_and_rehearses_it(site: Site, backed_up: dict[str, str], run_playbook: t.Callable[..., str]) -> None:
    before = (site.identities(), databases(site))
    output = run_playbook("night.yml")
    assert re.search(r"Files +\d+ restored and checked in", output)
    assert re.search(r"Database +\d+ tables loaded in", output)
    assert (site.identities(), databases(site)) == before


def test_site_is_restored_on_a_machine_that_has_lost_it(
    site: Site, admin_password: str, backed_up: dict[str, str], run_playbook: t.Callable[..., str]
) -> None:
    """All that is left are the images, as after campus.moodle.build, and a volume in which a file is missing and another is too new."""
    logged_in(site, admin_password).upload(LATER, f"Written at {time.time()}.".encode())
    later = stored(site, LATER)
    site.execute("php", "rm", backed_up["content"])
    site.remove(keep=[f"{site.project}_moodledata"])
    assert (site.volumes(), site.directory.exists()) == ([f"{site.project}_moodledata"], False)
    run_playbook("restore", "-e", f"moodle_restore_site={site.name}")
    assert_whole(site, admin_password, backed_up)
    assert site.execute("php", "sh", "-c", f"test -e {backed_up['content']} && ! test -e {later} && echo as before") == "as before"
