# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A Moodle that ran elsewhere moves in: a dump, a data folder and a pepper of its own, each as another installation leaves them."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pathlib
import secrets
import shutil
import typing as t

import pytest
from support.docker import docker
from support.site import SUPERUSER
from support.web import User

if t.TYPE_CHECKING:
    from support.site import Site

FILE, CONTENT = "essay.txt", b"Written at the former school."
FORMER_NAME, FULL_NAME = "The former school", "SELECT fullname FROM mdl_course WHERE id = 1"
# The former Moodle is a little older, and no site of this collection has ever seen it.
AGED = (
    f"UPDATE mdl_course SET fullname = '{FORMER_NAME}' WHERE id = 1",
    "DELETE FROM mdl_config WHERE name IN ('campus_site_id', 'allversionshash')",
    "UPDATE mdl_config SET value = (value::numeric - 1)::text WHERE name = 'version'",
)
# Another web server's user.
STRANGER = 33


@dataclasses.dataclass(frozen=True)
class Former:
    """What is there of the former Moodle: a file of a user, a dump, a data folder, and the pepper of its passwords."""

    address: str
    dump: pathlib.Path
    moodledata: pathlib.Path
    pepper: str = dataclasses.field(repr=False)


def moodledata_of(site: Site) -> pathlib.Path:
    """Return where the engine keeps the site's data folder."""
    return pathlib.Path(docker("volume", "inspect", "--format={{.Mountpoint}}", f"{site.project}_moodledata").strip())


def write_dump(site: Site, path: pathlib.Path, *statements: str) -> pathlib.Path:
    """Dump a copy of the site's database in which the statements were run."""
    tool = " ".join(SUPERUSER)
    site.sql("CREATE DATABASE former")
    try:
        site.execute("postgres", "sh", "-c", f"pg_dump {tool} moodle | psql {tool} --quiet --output=/dev/null former")
        site.execute("postgres", "psql", *SUPERUSER, "-q", "-d", "former", *[f"--command={one}" for one in statements])
        path.write_bytes(base64.b64decode(site.execute("postgres", "sh", "-c", f"pg_dump {tool} --format=custom former | base64")))
    finally:
        site.sql("DROP DATABASE former")
    return path


def write_moodledata(site: Site, path: pathlib.Path) -> pathlib.Path:
    """Copy the site's data folder, and leave in it what another installation leaves, closed for the move."""
    shutil.copytree(moodledata_of(site), path)
    for name, text in (("climaintenance.html", "moving"), ("muc/config.php", "<?php broken"), ("cache/old", "x"), ("sessions/sess_1", "x")):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    for one in (path, *path.rglob("*")):
        os.chown(one, STRANGER, STRANGER)
        one.chmod(0o755 if one.is_dir() else 0o644)
    return path


@pytest.fixture(scope="module")
def former(site: Site, admin_password: str, tmp_path_factory: pytest.TempPathFactory) -> Former:
    """The former Moodle, whose administrator has left a file there. The file is not on the site any more."""
    folder = tmp_path_factory.mktemp("former")
    user = User(site.url)
    user.login("admin", admin_password)
    address = user.upload(FILE, CONTENT)
    dump, moodledata = write_dump(site, folder / "moodle.dump", *AGED), write_moodledata(site, folder / "moodledata")
    digest = site.sql(f"SELECT contenthash FROM mdl_files WHERE filename = '{FILE}' AND filearea = 'private'").splitlines()[0]
    site.execute("php", "rm", f"/var/moodledata/filedir/{digest[:2]}/{digest[2:4]}/{digest}")
    return Former(address, dump, moodledata, (site.secrets / "salt").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def adopt(site: Site, former: Former) -> t.Callable[..., t.Any]:
    """adopt(rc, OPTION..., dump=..., ...) runs the playbook with its variables; what is not said comes from the former Moodle."""

    def run(rc: int = 0, *options: str, **given: t.Any) -> t.Any:
        given = {"site": site.name, "dump": former.dump, "moodledata": former.moodledata, **given}
        words = [word for name, value in given.items() for word in ("-e", f"moodle_adopt_{name}={value}")]
        done = site.controller.play("adopt", site.controller.write_inventory({site.name: site.variables}), *words, *options, timeout=600)
        assert done.rc == rc, done.output
        return done

    return run


def seen(site: Site) -> tuple[t.Any, ...]:
    """Return what has to stay as it is where nothing was done."""
    return site.identities(), site.sql("SELECT datname FROM pg_database ORDER BY 1"), site.sql(FULL_NAME)


def test_what_is_missing_is_told_before_anything_is_touched(site: Site, adopt: t.Callable[..., t.Any], tmp_path: pathlib.Path) -> None:
    before = seen(site)
    assert f"-e moodle_adopt_site={site.name}" in adopt(2, site="another").reasons
    reasons = adopt(2, dump=tmp_path / "no.dump", moodledata=tmp_path).reasons
    assert f"moodle_adopt_dump is {tmp_path}/no.dump, and the machine has no such file." in reasons
    assert f"moodle_adopt_moodledata is {tmp_path}, which is not a data folder of Moodle: it has no folder filedir." in reasons
    own = moodledata_of(site)
    assert f"{own}: that is in the site's own moodledata" in adopt(2, moodledata=own).reasons
    pupil = {"username": "pupil", "firstname": "A", "lastname": "B", "email": "pupil@example.org"}
    site.execute("php", "/opt/campus-moodle/bin/moodle", "users", stdin=json.dumps({"users": [pupil]}))
    site.sql("UPDATE mdl_user SET lastaccess = 4000000000 WHERE username = 'pupil'")
    try:
        assert "Somebody was in the site" in adopt(2).reasons
    finally:
        site.sql("UPDATE mdl_user SET lastaccess = 0 WHERE username = 'pupil'")
    assert seen(site) == before


def test_a_dump_that_does_not_fit_is_refused_before_anything_is_touched(
    site: Site, adopt: t.Callable[..., t.Any], tmp_path: pathlib.Path
) -> None:
    mariadb = tmp_path / "moodle.sql"
    mariadb.write_text("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19", encoding="utf-8")
    plugin = "INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('mod_absent', 'version', '2024010100')"
    missing = write_dump(site, tmp_path / "missing.dump", *AGED, plugin)
    newer = write_dump(site, tmp_path / "newer.dump", *AGED[:2], "UPDATE mdl_config SET value = '2099010100' WHERE name = 'version'")
    before = seen(site)
    for dump, sentence in (
        (mariadb, "is a dump of MariaDB; take its database to PostgreSQL first"),
        (missing, "The database knows plugins that the image lacks: mod_absent"),
        (newer, "the image holds the older"),
    ):
        assert sentence in adopt(2, dump=dump).reasons
        assert seen(site) == before
    checked = adopt(0, "--check")
    assert f"would replace those of the site {site.name}" in checked.output
    assert checked.changed_tasks != []
    assert seen(site) == before


def test_another_moodle_moves_in(site: Site, adopt: t.Callable[..., t.Any], former: Former, admin_password: str) -> None:
    stale = moodledata_of(site) / "cache" / "stale"
    stale.parent.mkdir(exist_ok=True)
    stale.touch()
    run = adopt()
    assert "upgrades and opens it" in run.output
    assert site.containers("php", "web", "proxy") == []
    assert not (site.directory / "unfinished").exists()
    # As after a run that was cut: the site is closed, and half of it is there.
    shutil.rmtree(moodledata_of(site) / "filedir")
    adopt()
    # Moodle measures how hard it is to guess: of 32 hexadecimal digits, one text in five is below its limit.
    salt = secrets.token_hex(32)
    (site.secrets / "salt").write_text(salt, encoding="utf-8")
    site.variables["moodle_former_peppers"] = former.pepper
    opened = site.deploy()
    assert opened.rc == 0, opened.reasons
    assert former.pepper not in opened.output

    assert site.sql(FULL_NAME) == FORMER_NAME
    assert site.execute("php", "cat", "/run/secrets/salt") == salt
    user = User(site.url)
    user.login("admin", admin_password)
    assert user.sesskey, "the administrator of the former site could not log in"
    assert user.get(former.address).content == CONTENT

    state = site.moodle("preflight", "--json")
    assert (state["state"], state["action"]) == ("installed", "none")
    assert float(state["database_version"]) == float(state["code_version"])
    assert site.sql("SELECT count(*) FROM mdl_config WHERE name = 'campus_site_id'") == "1"
    assert "replaced" not in site.sql("SELECT datname FROM pg_database")
    folder = moodledata_of(site)
    assert {one.stat().st_uid for one in folder.rglob("*")} == {folder.stat().st_uid}
    assert [name for name in ("climaintenance.html", "cache/old", "cache/stale", "sessions/sess_1") if (folder / name).exists()] == []
    assert [one for one in folder.glob("muc/config.php") if "broken" in one.read_text(encoding="utf-8")] == []
    again = site.deploy()
    assert (again.rc, again.changed_tasks) == (0, []), again.reasons


def test_a_moodle_of_the_same_version_moves_in_with_caches_purged(
    site: Site, adopt: t.Callable[..., t.Any], tmp_path: pathlib.Path
) -> None:
    run = adopt(dump=write_dump(site, tmp_path / "same.dump", AGED[0].replace(FORMER_NAME, "The same")))
    assert "Purge | Purge Moodle's caches" in run.output
    assert site.containers("php", "web", "proxy") == []
    mark = site.directory / "unfinished"
    mark.write_text("campus.moodle.adopt\n", encoding="utf-8")
    refused = site.deploy()
    assert (refused.rc, "campus.moodle.adopt did not come to its end" in refused.reasons) == (2, True), refused.output
    mark.unlink()
    opened = site.deploy()
    assert opened.rc == 0, opened.reasons
    assert site.sql(FULL_NAME) == "The same"
