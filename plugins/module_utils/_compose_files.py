# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What stands in a site's directory on the machine beside the secrets."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._compose_plan import Site

COMPOSE_FILE = "compose.yml"
# What the last complete rollout left: the site image, and whether maintenance mode is ours to end.
ROLLOUT_FILE = "rollout.json"


class SiteFiles:
    """The files of one site's directory. Each is replaced as a whole or not at all."""

    def __init__(self, directory: str, move: t.Callable[[str, str], None]) -> None:
        self._directory = directory
        self._move = move

    def read_definition(self) -> str:
        """Return the compose file, empty when there is none."""
        return self._read(COMPOSE_FILE)

    def write_definition(self, text: str) -> None:
        """Replace the compose file; an empty text removes it."""
        self._write(COMPOSE_FILE, text)

    def read_site(self) -> Site:
        """Return what the last rollout recorded; nothing when there was none."""
        text = self._read(ROLLOUT_FILE)
        return Site(**json.loads(text)) if text else Site()

    def write_site(self, site: Site) -> None:
        """Record what this rollout reached."""
        self._write(ROLLOUT_FILE, json.dumps({"image": site.image, "maintenance": site.maintenance}, indent=2) + "\n")

    def forget(self) -> None:
        """Forget the rollout, so that the next one compares code and database again."""
        self._write(ROLLOUT_FILE, "")

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _read(self, name: str) -> str:
        try:
            with open(self._path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        if text == self._read(name):
            return
        if not text:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(name))
            return
        handle, scratch = tempfile.mkstemp(dir=self._directory, prefix=f".{name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(scratch, 0o644)
        self._move(scratch, self._path(name))
