# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What lies in a site's directory on the machine."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import shutil
import typing as t

from .._site import secret_files
from .._tool.errors import ToolError
from .._tool.files import replace_file
from ._plan import Record

COMPOSE_FILE = "compose.yml"
# What the last complete rollout left: the site image, its database, and whether maintenance mode is ours to end.
ROLLOUT_FILE = "rollout.json"
# Which playbook has replaced the database of the site and not yet its files.
UNFINISHED_FILE = "unfinished"
# Everything that this collection writes into the directory, and what a run that was cut left of it.
OWN = (COMPOSE_FILE, ROLLOUT_FILE, UNFINISHED_FILE, secret_files.IDENTITY, "config.php", secret_files.DIRECTORY)
SCRATCH = (*(f".{name}.????????" for name in OWN), ".ansible_tmp*")


class SiteFiles:
    """The files of one site's directory. Each is replaced as a whole or not at all."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def read_definition(self) -> str:
        """Return the compose file, empty when there is none."""
        return self._read(COMPOSE_FILE)

    def write_definition(self, text: str) -> None:
        """Replace the compose file; an empty text removes it."""
        self._write(COMPOSE_FILE, text)

    def read_record(self) -> Record:
        """Return what the last rollout recorded; nothing when there was none."""
        text = self._read(ROLLOUT_FILE)
        return Record(**json.loads(text)) if text else Record()

    def write_record(self, record: Record) -> None:
        """Record what this rollout reached."""
        facts = {"image": record.image, "maintenance": record.maintenance, "database": record.database}
        self._write(ROLLOUT_FILE, json.dumps(facts, indent=2) + "\n")

    def has_record(self) -> bool:
        """Return whether a rollout is recorded."""
        return bool(self._read(ROLLOUT_FILE))

    def forget(self) -> None:
        """Forget the rollout, so that the next one compares code and database again."""
        self._write(ROLLOUT_FILE, "")

    def put_back_secrets(self) -> None:
        """Give the secrets the values of before this rollout."""
        secret_files.put_back(self._directory)

    def drop_previous_secrets(self) -> None:
        """Keep no former value of a secret any longer."""
        secret_files.drop_previous(self._directory)

    def own(self) -> list[str]:
        """Return the names in the directory that this collection wrote."""
        return [name for name in self._names() if self._is_own(name)]

    def foreign(self) -> list[str]:
        """Return the other names in the directory; they are never removed."""
        return [name for name in self._names() if not self._is_own(name)]

    def stays(self) -> bool:
        """Return whether the directory outlives its files: it holds something else, or is a link or a mount point."""
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
        # A link is not of this collection, and what it leads to is not ours to remove.
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
        replace_file(self._path(name), text, mode=0o644)


@contextlib.contextmanager
def file_errors(what: str, place: str) -> t.Iterator[None]:
    """Report a file that cannot be read or written as one sentence; what begins it, place is what is named without a file."""
    try:
        yield
    except OSError as error:
        msg = f"{what} ({error.filename or place}: {error.strerror or error}); correct that, and run again."
        raise ToolError(msg, error="files") from error
