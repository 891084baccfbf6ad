# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The files that hold a site's secrets and its identity, written so that a run which is cut anywhere is continued by the next one."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._site_secrets import Copy, SecretError

IDENTITY = "site.json"
DIRECTORY = "secrets"
MODE = 0o600


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


def write(path: str, content: str, *, uid: int, mode: int) -> None:
    """Replace a file as a whole; it never exists half written, with a wider mode or with another owner."""
    handle, scratch = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content + "\n")
            file.flush()
            # Before the new name: a machine that loses power must not find an empty file there.
            os.fsync(file.fileno())
        os.chmod(scratch, mode)
        os.chown(scratch, uid, uid)
        # Not atomic_move, which gives the new file the attributes of the one it replaces.
        os.rename(scratch, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch)
        raise


def make_directory(path: str, mode: int) -> None:
    """Create a directory with exactly this mode."""
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


class Identity:
    """What stands beside the secrets in site.json: the site's id, and a number for each secret that rises when it changes.

    pending names the secrets that a run began to write. It is written first: a run that is cut between the files and the numbers
    would otherwise take what it finds for unchanged, and the readers would keep what they had. A secret without a number is not
    lost when its file is missing; it was never complete.
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

    def raised(self, changed: t.Iterable[str]) -> dict[str, int]:
        """Return the numbers as they are once these secrets have changed."""
        return {**self.generations, **{name: self.generations.get(name, 0) + 1 for name in changed}}

    def write(self) -> None:
        """Replace the file, which anybody may read."""
        facts: dict[str, t.Any] = {"site_id": self.site_id, "generations": self.generations}
        if self.pending:
            facts["pending"] = self.pending
        write(self._path, json.dumps(facts, indent=2, sort_keys=True), uid=os.geteuid(), mode=0o644)


def keep(site: str, readers: t.Iterable[str], identity: Identity, copies: t.Sequence[Copy], changed: t.Sequence[str]) -> None:
    """Write everything. Each state that a cut can leave is one from which the next run comes to the same end."""
    make_directory(site, 0o755)
    make_directory(os.path.join(site, DIRECTORY), 0o700)
    for reader in readers:
        make_directory(os.path.join(site, DIRECTORY, reader), 0o700)
    identity.pending = sorted({*identity.pending, *changed})
    identity.write()
    for copy in copies:
        write(copy.path, copy.content, uid=copy.uid, mode=MODE)
    identity.generations, identity.pending = identity.raised(changed), []
    identity.write()
