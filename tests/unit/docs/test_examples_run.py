# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The examples of what needs neither a server nor containers, run by ansible-playbook as they are documented.

Only places on the machine are replaced, since a test must not write to them or cannot expect something there.
"""

from __future__ import annotations

import json
import os
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.campus.moodle.tests.unit.fakes.image_programs import Programs

Examples = t.Callable[..., list[dict[str, t.Any]]]
VERSION = "<?php\n$version = 2024100705;\n$release = '4.5.5+ (Build: 20250613)';\n$branch = '405';\n"


def moved(tasks: list[dict[str, t.Any]], documented: str, real: t.Any) -> list[dict[str, t.Any]]:
    """Return tasks with another place instead of the documented one, which they must name."""
    text = json.dumps(tasks)
    assert documented in text
    return t.cast("list[dict[str, t.Any]]", json.loads(text.replace(documented, str(real))))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A directory that is Moodle's code as far as a build looks."""
    folder = tmp_path / "moodle"
    (folder / "lib").mkdir(parents=True)
    (folder / "version.php").write_text(VERSION)
    (folder / "lib" / "components.json").write_text('{"plugintypes": {"mod": "mod"}}')
    (folder / "lib" / "setup.php").write_text("<?php\n")
    return folder


def test_site_doctor(run_play: t.Any, examples_of: Examples, tmp_path: Path) -> None:
    """Without a site, and of a secret there is no form in what is shown or packed."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    release = os.uname().release
    (secrets / "salt").write_text(release, encoding="utf-8")
    tasks = moved(examples_of("site_doctor"), "/opt/moodle/physics/secrets", secrets)
    tasks[0]["campus.moodle.site_doctor"]["directory"] = str(tmp_path / "support")
    done = run_play(tasks)
    assert done.rc == 0, done.output
    report, shown = done.results
    assert not report["changed"]
    assert shown["msg"] == report["summary"]
    with tarfile.open(report["archive"]) as archive:
        texts = [row.name.encode() + t.cast("t.IO[bytes]", archive.extractfile(row)).read() for row in archive]
    # The system says its own release in several files.
    assert any(b"***" in text for text in texts)
    assert not any(release.encode() in text for text in texts)
    assert report["size"] == Path(report["archive"]).stat().st_size


def test_image_build(run_play: t.Any, examples_of: Examples, code: Path, tmp_path: Path) -> None:
    """With stand-ins for docker and mmdebstrap; the tiers image and molecule build real images."""
    programs = Programs(tmp_path / "programs")
    lock, pack = tmp_path / "plugins.lock.yml", tmp_path / "cache" / "languages" / "4.5" / "de.zip"
    lock.write_text("plugins: []\n")
    pack.parent.mkdir(parents=True)
    with zipfile.ZipFile(pack, "w") as written:
        written.writestr("de/langconfig.php", "<?php\n$string['parentlanguage'] = '';\n")
    tasks = moved(examples_of("image_build"), "/srv/archives/moodle-4.5.14.tgz", code)
    tasks = moved(tasks, "/srv/physics/plugins.lock.yml", lock)
    done = run_play(tasks, environ={"MOODLE_CACHE": str(tmp_path / "cache"), "PATH": f"{programs.bin}:{os.environ['PATH']}"})
    assert done.rc == 0, done.output
    built, shown = done.results
    assert built["changed"]
    assert built["facts"]["languages"] == ["de"]
    assert shown["msg"] == f"{built['reference']} has {built['facts']['size_bytes']} bytes"
    assert f"localhost: building {built['reference']} and {built['services_reference']}; " in done.output
    assert built["reference"] in programs.images()
    # The specification is nowhere in the result, whatever the verbosity.
    assert "php_minimum" not in str({key: value for key, value in built.items() if key != "facts"})


def test_image_plan(run_play: t.Any, examples_of: Examples, code: Path, tmp_path: Path) -> None:
    tasks = moved(examples_of("image_plan", "filter"), "/srv/moodle-4.5.14.tgz", code)
    done = run_play(tasks, environ={"MOODLE_CACHE": str(tmp_path / "cache")})
    assert done.rc == 0, done.output
    assert done.results[0]["msg"].startswith("campus.moodle/site:4.5.5-")


def test_image_state(run_play: t.Any, examples_of: Examples) -> None:
    plan = {"reference": "site:1", "services_reference": "services:1", "facts": {}}
    inspected = {"stdout": json.dumps([{"RepoTags": ["services:1"]}])}
    done = run_play(examples_of("image_state", "filter"), variables={"plan": plan, "inspected": inspected})
    assert done.rc == 0, done.output
    assert done.results[0]["msg"] == ["site"]


def test_plugin_lock(run_play: t.Any, examples_of: Examples, tmp_path: Path) -> None:
    lock = tmp_path / "plugins.lock.yml"
    row = {"version": 2024072900, "source": "https://mirror.example.edu/x.zip", "sha256": "a" * 64}
    lock.write_text(json.dumps([{"component": name, **row} for name in ("mod_attendance", "mod_board")], indent=1))
    tasks = moved(examples_of("plugin_lock", "filter"), "/srv/physics/plugins.lock.yml", lock)
    done = run_play(tasks)
    assert done.rc == 0, done.output
    assert done.results[0]["msg"] == ["mod_attendance", "mod_board"]
    lock.write_text(lock.read_text().replace("mirror.example.edu", "example.org"))
    foreign = run_play(tasks)
    assert [result["failed"] for result in foreign.results] == [False, True], foreign.output


def test_fpm_pool(run_play: t.Any, examples_of: Examples) -> None:
    done = run_play(examples_of("fpm_pool", "filter"))
    assert done.rc == 0, done.output
    assert done.results[0]["msg"] == 12


def test_site_spec(run_play: t.Any, examples_of: Examples, tmp_path: Path) -> None:
    (tmp_path / "moodle.tgz").write_bytes(b"")
    described = {
        "moodle_name": "physics",
        "moodle_hostname": "physics.example.edu",
        "moodle_admin_email": "ops@example.edu",
        "moodle_source": str(tmp_path / "moodle.tgz"),
    }
    done = run_play(examples_of("site_spec"), variables=described)
    assert done.rc == 0, done.output
    assert done.results[1]["described.spec.url"] == done.results[0]["spec"]["url"]


def test_site_secrets(run_play: t.Any, examples_of: Examples, tmp_path: Path) -> None:
    tasks = moved(examples_of("compose_secrets"), "/opt/moodle/physics", tmp_path / "physics")
    # Only root can give files to others.
    tasks[0]["campus.moodle.compose_secrets"]["readers"] = dict.fromkeys(("moodle", "services"), os.getuid())
    first, again = run_play(tasks), run_play(tasks)
    assert (first.rc, first.results[0]["created"]) == (0, ["admin_password", "database_password"]), first.output
    assert (again.rc, again.results[0]["changed"], again.results[0]["created"]) == (0, False, []), again.output
