# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A copy of the collection with the target of tests/unit/playbooks/second_target: a site is a folder, and its playbooks run."""

from __future__ import annotations

import json
import pathlib
import shutil

from .plays import play
from .site_fakes import ROOT

ADDED = ROOT / "tests" / "unit" / "playbooks" / "second_target"
TABLE = pathlib.Path("plugins/module_utils/_site/targets/table.py")
LINE = '    "folder",\n'
SHIPPED = ("plugins", "roles", "playbooks", "meta", "galaxy.yml")


class Collection:
    """A copy of the collection with one more target, and an inventory with a site of that target."""

    def __init__(self, folder: pathlib.Path, port: int) -> None:
        self.path = folder / "collections" / "ansible_collections" / "campus" / "moodle"
        self._folder = folder
        self.site = folder / "physics"
        self.site.mkdir()
        for name in SHIPPED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, self.path / name)
        shutil.copytree(ADDED, self.path, dirs_exist_ok=True)
        table = (self.path / TABLE).read_text(encoding="utf-8")
        (self.path / TABLE).write_text(table.replace('    "compose",\n', f'    "compose",\n{LINE}'), encoding="utf-8")
        host = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "moodle_target": "folder",
            "moodle_hostname": "physics.example.edu",
            "moodle_directory": str(self.site),
            "moodle_http_port": port,
            "moodle_image": "campus.moodle/site:1",
            "moodle_services_image": "campus.moodle/services:1",
            "moodle_smtp_host": "mail.example.edu",
            "moodle_smtp_password": "CANARY",
            "moodle_settings": {"core": {"country": "DE"}},
        }
        self._inventory = folder / "inventory.yml"
        self._inventory.write_text(json.dumps({"moodle_sites": {"hosts": {"physics": host}}}), encoding="utf-8")

    def play(self, playbook: str, *arguments: str) -> tuple[int, str]:
        """Run a playbook; return its exit status and what it printed."""
        collections = str(self._folder / "collections")
        return play(playbook, "-i", str(self._inventory), *arguments, folder=self._folder, ANSIBLE_COLLECTIONS_PATH=collections)
