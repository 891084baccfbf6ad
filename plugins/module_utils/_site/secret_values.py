# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Secrets of a site: generated once, kept, and copied to each user that reads them.

A secret is a file of mode 0600 below a directory of mode 0700, one copy for each reader, because the containers of a site run as
different users. Nothing here returns or prints a value.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import string
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

WORD = string.ascii_letters + string.digits
# Without characters that shells, URLs or configuration files treat specially.
SYMBOLS = "-_.+"
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
LENGTH = 32


class SecretError(ToolError):
    """A secret is unusable. The text names the file, never the value."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg, error="secret")


@dataclasses.dataclass(frozen=True)
class Request:
    """A secret to be kept: its name, its readers (directory name to user id), and a given value or None to generate one.

    once says that Moodle keeps a copy of its own from the installation on, so that another file would open nothing.
    """

    name: str
    readers: t.Mapping[str, int]
    value: t.Optional[str] = dataclasses.field(default=None, repr=False)
    once: bool = False


@dataclasses.dataclass(frozen=True)
class Copy:
    """One file to be written."""

    path: str
    uid: int
    content: str = dataclasses.field(repr=False)


def generate() -> str:
    """Return a random password that meets Moodle's default policy: one of each kind of character, 32 in all."""
    characters = [secrets.choice(kind) for kind in KINDS]
    characters += [secrets.choice(WORD + SYMBOLS) for _position in range(LENGTH - len(KINDS) - 1)]
    secrets.SystemRandom().shuffle(characters)
    # A letter in front: some tools take a leading hyphen for an option.
    return secrets.choice(string.ascii_letters) + "".join(characters)


def plan(
    secret: Request,
    kept: t.Mapping[str, t.Optional[str]],
    directory: str,
    *,
    known: bool,
    misplaced: t.Collection[str] = (),
) -> tuple[list[Copy], bool]:
    """Return the files to write, and whether the value of the secret changes.

    kept maps each reader to the content of its file, None when there is no file. known says that the site had this secret
    before: a lost one is never replaced by a new one, which would fit nothing that it opened. misplaced names the readers whose
    file has another owner or a wider mode than it should, as one that an administrator brought along.
    """
    paths = {reader: os.path.join(directory, reader, secret.name) for reader in secret.readers}
    for reader, content in kept.items():
        if content is not None and not content.strip():
            raise SecretError(f"The secret file {paths[reader]} is empty; restore it from a backup.")
    # An empty value is a mistake somewhere, as a file that was cut; a generated one in its place would hide it.
    if secret.value is not None and not secret.value.strip():
        raise SecretError(
            f"The value that is given for the secret {secret.name} is empty; give one, or correct the file that it comes from."
        )
    existing = next((content for content in kept.values() if content is not None), None)
    if secret.once and known and existing is not None and secret.value not in (None, existing):
        raise SecretError(
            f"The secret {secret.name} is given with another value than in {', '.join(paths.values())}, which the site was installed "
            "with, and Moodle keeps a copy of its own; change it in Moodle (the module campus.moodle.moodle_user does it, too), and "
            "then write it into that file or remove the variable. A site that is not installed yet takes it once the file is removed."
        )
    desired = secret.value if secret.value is not None else existing
    if desired is None and known:
        raise SecretError(f"The secret {secret.name} of this site is lost ({', '.join(paths.values())}); restore the file from a backup.")
    if desired is None:
        desired = generate()
    copies = [
        Copy(paths[reader], uid, desired) for reader, uid in secret.readers.items() if kept.get(reader) != desired or reader in misplaced
    ]
    return copies, existing != desired
