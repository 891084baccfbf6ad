# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The plays of docs/examples: a backup, and its restore where containers, database and secrets are lost and the files are damaged."""

from __future__ import annotations

import pathlib
import subprocess
import time
import typing as t

import pytest
from support import REPOSITORY
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site

FILE, CONTENT = "thesis.txt", b"Worth a backup."
LATER = "later.txt"
FULL_NAME = "SELECT fullname FROM mdl_course WHERE id = 1"


@pytest.fixture(scope="module")
def run_example(site: Site, tmp_path_factory: pytest.TempPathFactory) -> t.Callable[..., str]:
    """run_example(name, *arguments) runs a play of docs/examples on the site and returns what is printed."""
    bring = [str(REPOSITORY / "scripts" / "program.sh"), "restic"]
    restic = subprocess.run(bring, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=900, check=True).stdout.strip()
    backup = {"backup_repository": str(tmp_path_factory.mktemp("backup")), "backup_password": "e2e-backup", "backup_program": restic}

    def run(name: str, *arguments: str, rc: int = 0) -> str:
        inventory = site.controller.write_inventory({site.name: {**site.variables, **backup}})
        done = site.controller.play(REPOSITORY / "docs" / "examples" / name, inventory, *arguments, timeout=600)
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
def backed_up(site: Site, admin_password: str, run_example: t.Callable[..., str]) -> dict[str, str]:
    """What the site has when it is backed up: the address of a file, its name, and its secrets."""
    address = logged_in(site, admin_password).upload(FILE, CONTENT)
    facts = {"address": address, "name": site.sql(FULL_NAME), "content": str(stored(site, FILE)), "secrets": secrets_of(site)}
    run_example("backup.yml", "-e", "backup_tag=before-upgrade")
    return facts


def secrets_of(site: Site) -> str:
    """Return all secrets with owner and mode, as text."""
    files = sorted(path for path in (site.directory / "secrets").rglob("*") if path.is_file())
    return repr([(str(path), path.stat().st_uid, path.stat().st_mode, path.read_text(encoding="utf-8")) for path in files])


def assert_whole(site: Site, password: str, facts: dict[str, str]) -> None:
    """The site is what it was at the time of the backup, and the next run of site.yml finds nothing to do."""
    assert secrets_of(site) == facts["secrets"]
    assert site.sql(FULL_NAME) == facts["name"]
    user = logged_in(site, password)
    assert user.get(facts["address"]).content == CONTENT
    assert site.sql(f"SELECT COUNT(*) FROM mdl_files WHERE filename = '{LATER}'") == "0"
    run = site.deploy()
    assert (run.rc, run.changed_tasks) == (0, []), run.reasons


def test_the_age_of_the_backup_is_a_gate(backed_up: dict[str, str], run_example: t.Callable[..., str]) -> None:
    output = run_example("backup.yml", "--tags", "age")
    assert "Back up the database" not in output


def test_restore_asks_for_the_name_of_the_site(site: Site, backed_up: dict[str, str], run_example: t.Callable[..., str]) -> None:
    before = site.identities()
    assert f"-e restore_site={site.name}" in run_example("restore.yml", "-e", "restore_site=another", rc=2)
    assert site.identities() == before


def test_site_is_restored_on_a_machine_that_has_lost_it(
    site: Site, admin_password: str, backed_up: dict[str, str], run_example: t.Callable[..., str]
) -> None:
    """All that is left are the images, as after campus.moodle.build, and a volume in which a file is missing and another is too new."""
    logged_in(site, admin_password).upload(LATER, f"Written at {time.time()}.".encode())
    later = stored(site, LATER)
    site.execute("php", "rm", backed_up["content"])
    site.remove(keep=[f"{site.project}_moodledata"])
    assert (site.volumes(), site.directory.exists()) == ([f"{site.project}_moodledata"], False)
    run_example("restore.yml", "-e", f"restore_site={site.name}")
    assert_whole(site, admin_password, backed_up)
    assert site.execute("php", "sh", "-c", f"test -e {backed_up['content']} && ! test -e {later} && echo as before") == "as before"
