# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The files that hold a site's secrets and its identity, written so that a run which is cut anywhere is continued by the next one.

A value that is replaced stays next to the new one, in a file that ends in .previous, until a rollout knows which of the two the site
goes on with.
"""

from __future__ import annotations

import glob
import json
import os
import stat
import typing as t

from .._tool.files import replace_file
from .secret_values import Copy, SecretError

IDENTITY = "site.json"
DIRECTORY = "secrets"
MODE = 0o600
PREVIOUS = ".previous"


def read(path: str) -> t.Optional[str]:
    """Return the content of a file without the line end, None when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except FileNotFoundError:
        return None


def is_private(path: str, uid: int) -> bool:
    """Whether a file belongs to its reader alone; one that does not exist does."""
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return True
    return (state.st_uid, stat.S_IMODE(state.st_mode)) == (uid, MODE)


def make_directory(path: str, mode: int) -> None:
    """Create a directory with exactly this mode."""
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


class Identity:
    """What stands next to the secrets in site.json: the site's id, and a number for each secret that rises when it changes.

    pending names the secrets that a run began to write. It is written first: a run that is cut between the files and the numbers
    would otherwise take what it finds for unchanged, and the readers would keep what they had. A secret without a number is not
    lost when its file is missing; it was never complete.

    previous maps a secret whose former value is kept to the number that this had; highest holds numbers that were taken back, and
    must not stand for another value later.
    """

    def __init__(self, site: str) -> None:
        self._path = os.path.join(site, IDENTITY)
        try:
            found: dict[str, t.Any] = json.loads(read(self._path) or "{}")
        except ValueError as error:
            raise SecretError(f"The file {self._path} cannot be read ({error}); restore it from a backup.") from error
        self.site_id: str = found.get("site_id", "")
        self.generations: dict[str, int] = found.get("generations", {})
        self.pending: list[str] = found.get("pending", [])
        self.previous: dict[str, int] = found.get("previous", {})
        self.highest: dict[str, int] = found.get("highest", {})

    def raised(self, changed: t.Iterable[str]) -> dict[str, int]:
        """Return the numbers as they are once these secrets have changed."""
        return {**self.generations, **{name: max(self.generations.get(name, 0), self.highest.get(name, 0)) + 1 for name in changed}}

    def write(self) -> None:
        """Replace the file, which anyone may read."""
        facts: dict[str, t.Any] = {"site_id": self.site_id, "generations": self.generations}
        passing = {"pending": self.pending, "previous": self.previous, "highest": self.highest}
        facts.update({name: value for name, value in passing.items() if value})
        replace_file(self._path, json.dumps(facts, indent=2, sort_keys=True) + "\n", uid=os.geteuid(), mode=0o644)


def keep(site: str, readers: t.Iterable[str], identity: Identity, copies: t.Sequence[Copy], changed: t.Sequence[str]) -> None:
    """Write everything. Each state that a cut can leave is one from which the next run comes to the same end."""
    make_directory(site, 0o755)
    make_directory(os.path.join(site, DIRECTORY), 0o700)
    for reader in readers:
        make_directory(os.path.join(site, DIRECTORY, reader), 0o700)
    replaced = [copy.path for copy in copies if os.path.basename(copy.path) in changed and os.path.exists(copy.path)]
    former = {os.path.basename(path) for path in replaced} & set(identity.generations)
    # A former value that is kept already is what the site runs with: no rollout has come to an end since.
    fresh = former - set(identity.previous)
    _unlink(path for name in fresh for path in _previous_files(site, name))
    identity.previous.update({name: identity.generations[name] for name in fresh})
    identity.pending = sorted({*identity.pending, *changed})
    identity.write()
    for path in replaced:
        if os.path.basename(path) in former and not os.path.exists(path + PREVIOUS):
            # The same file under a second name: content, owner and mode stay, and no moment is without it.
            os.link(path, path + PREVIOUS)
    for copy in copies:
        replace_file(copy.path, copy.content + "\n", uid=copy.uid, mode=MODE)
    identity.generations, identity.pending = identity.raised(changed), []
    identity.write()


def put_back(site: str) -> None:
    """Give the secrets their former values and numbers again, because the site goes on with what it had."""
    identity = Identity(site)
    if not identity.previous:
        return
    pending = identity.pending
    # As in keep(): one that is cut here counts as changed for the next run, whatever that finds.
    identity.pending = sorted({*pending, *identity.previous})
    identity.write()
    for name in identity.previous:
        for path in _previous_files(site, name):
            os.replace(path, path[: -len(PREVIOUS)])
    identity.highest.update({name: identity.generations[name] for name in identity.previous})
    identity.generations.update(identity.previous)
    identity.previous, identity.pending = {}, pending
    identity.write()


def drop_previous(site: str) -> None:
    """Remove the former values, because the site goes on with the new ones."""
    identity = Identity(site)
    if identity.previous:
        # First: a former value that is only partly there must never be put back.
        identity.previous = {}
        identity.write()
    _unlink(_previous_files(site, "*"))


def _previous_files(site: str, name: str) -> list[str]:
    return glob.glob(os.path.join(glob.escape(site), DIRECTORY, "*", name + PREVIOUS))


def _unlink(paths: t.Iterable[str]) -> None:
    for path in paths:
        os.unlink(path)
