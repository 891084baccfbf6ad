# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What stands in a site's directory on the machine."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import shutil
import tempfile
import typing as t

from .._site import secret_files
from ._plan import Site

COMPOSE_FILE = "compose.yml"
# What the last complete rollout left: the site image, its database, and whether maintenance mode is ours to end.
ROLLOUT_FILE = "rollout.json"
# Everything that this collection writes into the directory, and what a run that was cut left of it.
OWN = (COMPOSE_FILE, ROLLOUT_FILE, secret_files.IDENTITY, "config.php", secret_files.DIRECTORY)
SCRATCH = (*(f".{name}.????????" for name in OWN), ".ansible_tmp*")


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
        facts = {"image": site.image, "maintenance": site.maintenance, "database": site.database}
        self._write(ROLLOUT_FILE, json.dumps(facts, indent=2) + "\n")

    def has_record(self) -> bool:
        """Return whether a rollout is recorded."""
        return bool(self._read(ROLLOUT_FILE))

    def forget(self) -> None:
        """Forget the rollout, so that the next one compares code and database again."""
        self._write(ROLLOUT_FILE, "")

    def put_back_secrets(self) -> None:
        """Give the secrets the values that were in force before this rollout."""
        secret_files.put_back(self._directory)

    def drop_previous_secrets(self) -> None:
        """Keep no former value of a secret any longer."""
        secret_files.drop_previous(self._directory)

    def own(self) -> list[str]:
        """Return the names in the directory that this collection wrote."""
        return [name for name in self._names() if self._is_own(name)]

    def foreign(self) -> list[str]:
        """Return the names in the directory that somebody else put there; they are never removed."""
        return [name for name in self._names() if not self._is_own(name)]

    def stays(self) -> bool:
        """Return whether the directory outlives its files: it holds something else, or is a link or a mount that somebody made."""
        return bool(self.foreign()) or os.path.islink(self._directory) or os.path.ismount(self._directory)

    def exists(self) -> bool:
        """Return whether the directory exists."""
        return os.path.isdir(self._directory)

    def remove(self) -> None:
        """Remove what this collection wrote, and the directory unless it stays."""
        for name in self.own():
            path = self._path(name)
            remove = shutil.rmtree if os.path.isdir(path) else os.unlink
            remove(path)
        if self.exists() and not self.stays():
            os.rmdir(self._directory)

    def _names(self) -> list[str]:
        return sorted(os.listdir(self._directory)) if self.exists() else []

    def _is_own(self, name: str) -> bool:
        # Somebody else made a link, and what it leads to is not ours to remove.
        known = name in OWN or any(fnmatch.fnmatchcase(name, pattern) for pattern in SCRATCH)
        return known and not os.path.islink(self._path(name))

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
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(scratch, 0o644)
            self._move(scratch, self._path(name))
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(scratch)
            raise
