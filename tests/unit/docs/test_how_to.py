# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the pages of docs/how-to tell people to write and to type: variables that a site accepts, playbooks and options that exist."""

from __future__ import annotations

import re
import shlex
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._site.describe import describe
from ansible_collections.campus.moodle.tests.unit.fakes.certificate_files import FILES
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import OPTIONS, ROOT, around

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
LONGEST = 80
COMMANDS = {
    *("ansible-playbook", "ansible-galaxy", "apt-get", "chmod", "docker", "mkdir", "pg_dump", "php", "rm", "rsync", "until"),
}
# Moodle's own scripts, as they are in 4.1 to 5.3, with the options that pages use.
SCRIPTS = {
    "admin/cli/cfg.php": {"--name"},
    "admin/cli/check_database_schema.php": set(),
    "admin/cli/maintenance.php": {"--enable"},
    "admin/cli/uninstall_plugins.php": {"--show-contrib"},
    "admin/tool/dbtransfer/cli/migrate.php": {"--dbtype", "--dblibrary", "--dbhost", "--dbname", "--dbuser", "--dbpass", "--prefix"},
    "admin/tool/replace/cli/replace.php": {"--search", "--replace", "--shorten", "--non-interactive"},
}
# Where the code is: in an image that people come from, in their own folder, or in ours.
CODE = {"from-bitnami.md": ("/bitnami/moodle/",), "from-alpine-moodle.md": ("/var/www/html/",)}
OURS = "/srv/moodle/"
# Files that a page tells people to have, and what is in them as far as it matters.
THEIRS = {"physics.lock.yml": b"", "checks": b"", "files/fullchain.pem": FILES["cert.pem"], "files/privkey.pem": FILES["key.pem"]}


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in one language, also those in lists."""
    text = page.read_text(encoding="utf-8")
    return [textwrap.dedent(block) for block in re.findall(rf"```{language}\n(.*?) *```", text, re.DOTALL)]


def hosts_in(document: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Yield the variables of each site that a block describes: an inventory, or the variables alone."""
    if "moodle_sites" in document:
        group = document["moodle_sites"]
        for variables in group["hosts"].values():
            given = {**group.get("vars", {}), **(variables or {})}
            yield {name: value for name, value in given.items() if not name.startswith("ansible_")}
    elif "plugins" not in document:
        yield document


SITES = [(page.name, variables) for page in PAGES for block in blocks(page, "yaml") for variables in hosts_in(yaml.safe_load(block))]
LINES = [(page.name, line) for page in PAGES for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]


def assert_scripts_are_there(page: str, words: list[str]) -> None:
    """Whatever Moodle's PHP is told to run is a script of Moodle's, with options of its own, where the code is."""
    for script in (word for word in words if word.endswith(".php")):
        ours = "--project-directory" in words
        place = next((one for one in ((OURS,) if ours else CODE.get(page, ())) if script.startswith(one)), "")
        assert bool(place) == script.startswith("/"), f"{script} is not where the code is"
        options = {word.partition("=")[0] for word in words[words.index(script) + 1 :]}
        assert options <= SCRIPTS[script.removeprefix(place)]
        # In a container that has the site's settings and is always there.
        assert not ours or words[words.index("exec") + 1] == "php"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_goal_as_title_and_fits_on_a_screen_or_two(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("# ")
    assert len(lines) <= LONGEST
    assert page.name in {name for name, _line in LINES}


@pytest.mark.parametrize(("page", "variables"), SITES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_site_accepts_the_variables(page: str, variables: dict[str, t.Any]) -> None:
    def find(path: str) -> str | None:
        return f"/theirs/{path}" if path in THEIRS else None

    world = around(find=find, read=lambda path: THEIRS[path.removeprefix("/theirs/")])
    given = {"moodle_hostname": "moodle.example.edu", "moodle_image": "site:1", "moodle_services_image": "services:1", **variables}
    if "moodle_plugins_lock" in given:
        del given["moodle_image"], given["moodle_services_image"]
    assert describe(OPTIONS, given, world).problems == []


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_names_what_there_is(page: str, line: str) -> None:
    program, *words = shlex.split(line.removeprefix("$ "), comments=True)
    assert program in COMMANDS
    if program != "ansible-playbook":
        assert_scripts_are_there(page, [program, *words])
        return
    playbook = ROOT / "playbooks" / f"{words[0].removeprefix('campus.moodle.')}.yml"
    text = playbook.read_text(encoding="utf-8")
    assert words[1:3] == ["-i", "inventory"]
    extra = [after.partition("=")[0] for word, after in zip(words, words[1:]) if word == "-e"]
    assert set(extra) <= {*OPTIONS, "ansible_host"}
    for tag in (after for word, after in zip(words, words[1:]) if word == "--tags"):
        tasks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles" / "site" / "tasks").glob("*.yml"))
        assert f"tags: [{tag}]" in text + tasks
