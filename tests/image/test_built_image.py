# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Images that are built here, in both layouts: plugins of a lock file stand where Moodle looks, and language packs are used."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import typing as t
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._image import build as builder
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs
from ansible_collections.campus.moodle.plugins.plugin_utils._image.plan import make
from sites import PORT, Engine, Site, get
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
PACKER = Path(__file__).parents[1] / "rehearsal" / "pack.py"
MEGABYTE = 1_000_000

# Plugin, and where components.json of the rehearsal payload wants it.
PLUGINS = {"tool_campusbadge": "admin/tool/campusbadge", "h5plib_v999": "h5p/h5plib/v999"}
VERSION = 2024100700
GERMAN = "<?php\n$string['parentlanguage'] = '';\n$string['thislanguage'] = 'Deutsch';\n"


def archive(path: Path, files: dict[str, str]) -> str:
    """Write a zip archive and return its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as written:
        for name, text in files.items():
            written.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock_file(folder: Path) -> Path:
    """Write a lock file and the plugins that it names."""
    rows = []
    for component in PLUGINS:
        version = f"<?php\n$plugin->component = '{component}';\n$plugin->version = {VERSION};\n$plugin->requires = 2022112800;\n"
        top = component.partition("_")[2]
        checksum = archive(folder / f"{component}.zip", {f"{top}/version.php": version, f"{top}/lib.php": "<?php\n"})
        rows.append({"component": component, "version": VERSION, "source": f"{component}.zip", "sha256": checksum})
    path = folder / "plugins.lock.yml"
    path.write_text(yaml.safe_dump({"plugins": rows}), encoding="utf-8")
    return path


def build(folder: Path, branch: str) -> dict[str, t.Any]:
    """Build a site image as the role does, and return its name and what it says about itself."""
    packed = subprocess.run(
        [sys.executable, str(PACKER), f"--branch={branch}", f"--release={branch}.1", f"--output={folder}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    archive(folder / "cache" / "languages" / branch / "de.zip", {"de/langconfig.php": GERMAN})
    source, lock = json.loads(packed.stdout)["path"], str(lock_file(folder))
    cache = str(folder / "cache")
    inputs = Inputs(
        branch=branch, source=source, plugins_lock=lock, languages=("de",), cache_directory=cache, allow_unsupported_branch=True
    )
    plan = make(inputs)
    assert plan["problems"] == []
    step = {"name": "images", "images": {"site": plan["build_spec"]["site"]}, "cache": cache}
    done = builder.run(step, check_mode=False)
    assert done["missing"] == []
    assert make(inputs)["reference"] == plan["reference"]
    return {"reference": plan["reference"], "facts": done["facts"]}


@pytest.fixture(scope="module", params=["4.5", "5.1"])
def built(engine: Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    """An image with plugins and a language, in each layout."""
    result = build(tmp_path_factory.mktemp("build"), request.param)
    yield result
    docker("rmi", "--force", result["reference"], check=False)


@pytest.fixture(scope="module")
def installed(engine: Engine, built: dict[str, t.Any]) -> Site:
    """A site of that image, in the language of its pack."""
    site = engine.new_site(built["reference"])
    site.image = built["reference"]
    done = site.run("install", MOODLE_LANGUAGE="de")
    assert done.code == 0, done.log[-3000:]
    return site


def test_the_facts_name_plugins_and_languages(built: dict[str, t.Any]) -> None:
    facts = built["facts"]
    assert {row["component"]: row["version"] for row in facts["plugins"]} == dict.fromkeys(PLUGINS, str(VERSION))
    assert facts["languages"] == ["de"]
    assert facts["layout"] == {"4.5": "classic", "5.1": "public"}[facts["branch"]]


def test_plugins_stand_where_the_code_looks(installed: Site, built: dict[str, t.Any]) -> None:
    top = "/srv/moodle/public/" if built["facts"]["layout"] == "public" else "/srv/moodle/"
    names = [f"{top}{folder}/version.php" for folder in PLUGINS.values()]
    listed = docker("run", "--rm", "--network=none", "--entrypoint=ls", built["reference"], "-l", *names).splitlines()
    assert [line.split()[-1] for line in listed] == sorted(names)
    # Nobody but root could change them.
    assert {line[:10] for line in listed} == {"-rw-r--r--"}
    assert {tuple(line.split()[2:4]) for line in listed} == {("root", "root")}


def test_moodle_knows_the_plugins(installed: Site) -> None:
    plugins = {row["component"]: row for row in installed.run("plugins").result["plugins"]}
    for component in PLUGINS:
        row = plugins[component]
        assert (row["version_disk"], row["version_database"], row["standard"]) == (str(VERSION), str(VERSION), False)
        assert (row["status"], row["requirements_met"]) == ("uptodate", True)


def test_the_site_speaks_the_language_of_the_pack(installed: Site) -> None:
    assert installed.sql("SELECT value FROM mdl_config WHERE name = 'lang'") == "de"
    settings = installed.run("exec cat /run/moodle/settings.php").out
    assert "$CFG->langotherroot = '/opt/campus-moodle/lang';" in settings


def test_large_and_small_bodies_take_the_same_way_to_php(engine: Engine, installed: Site, built: dict[str, t.Any]) -> None:
    """An address that is no file goes to the router where there is one, whatever comes with it."""
    installed.start("php")
    installed.start("web", f"--publish=127.0.0.1:{PORT}:8080")
    wait_for(lambda: get(f"http://127.0.0.1:{PORT}/-/ready")[0] == 200, seconds=30, what="readiness")
    answers = []
    for size in (10, 200_000):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}/course/999999", data=b"x" * size)
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=20)
        logged = docker("logs", f"{engine.name}-web").splitlines()[-1].split('"')
        answers.append((logged[1], logged[2].split()[0], logged[2].split()[-1] != "-"))
    for name in ("web", "php"):
        docker("rm", "--force", f"{engine.name}-{name}")
    assert answers[0] == answers[1]
    assert answers[0][2] is (built["facts"]["layout"] == "public")


def test_an_upgrade_to_an_image_without_the_plugins_is_refused(engine: Engine, installed: Site, built: dict[str, t.Any]) -> None:
    lost = "rm -r " + " ".join(f"$(dirname $(find /srv/moodle -path '*/{folder}/version.php'))" for folder in PLUGINS.values())
    twin = engine.clone(installed, "lost")
    done = twin.run("preflight", image=engine.derive(f"lost-{built['facts']['layout']}", lost, base=built["reference"]))
    assert done.result["missing_plugins"] == sorted(PLUGINS)


def test_the_size_is_told_and_small(site: Site) -> None:
    labels = json.loads(docker("image", "inspect", "--format={{json .Config.Labels}}", site.image))
    compressed = int(labels["io.campus.moodle.compressed-bytes"])
    print(f"{site.image}: {compressed // MEGABYTE} MB compressed")
    assert compressed > 10 * MEGABYTE
    if json.loads(labels["io.campus.moodle.facts"])["payload"] == "rehearsal":
        # What is not Moodle: Debian, PHP, nginx and the commands.
        assert compressed < 150 * MEGABYTE
