# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Generates the secrets of a site once and keeps them in files on its machine: the story of compose_secrets."""

from __future__ import annotations

import os
import typing as t
import uuid

from .._site import secret_files
from .._site.secret_values import Copy, Request, SecretError, plan
from .files import file_errors

SECRET: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "readers": {"type": "list", "elements": "str", "required": True},
    "value": {"type": "str", "no_log": True},
    "source": {"type": "path"},
    "once": {"type": "bool", "default": False},
}

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "directory": {"type": "path", "required": True},
    "readers": {"type": "dict", "required": True},
    "secrets": {"type": "list", "elements": "dict", "required": True, "no_log": False, "options": SECRET},
}


def run(params: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Plan, and write unless in check mode."""
    site = params["directory"]
    with file_errors("The secrets of the site cannot be kept", site):
        identity = secret_files.Identity(site)
        copies, changed = compare(requested(params), os.path.join(site, secret_files.DIRECTORY), identity)
        different = bool(copies or changed or not identity.site_id)
        identity.site_id = identity.site_id or str(uuid.uuid4())
        generations = identity.raised(changed)
        if different and not check_mode:
            secret_files.keep(site, params["readers"], identity, copies, changed)
    return {"changed": different, "created": changed, "site_id": identity.site_id, "generations": generations}


def requested(params: t.Mapping[str, t.Any]) -> list[Request]:
    """Return the secrets as the task names them; a source file that cannot be used is an error."""
    uids = {name: int(uid) for name, uid in params["readers"].items()}
    result = []
    for row in params["secrets"]:
        # The line end that a file or an editor adds is no part of a secret, here as in the files that are kept.
        value = None if row["value"] is None else row["value"].rstrip("\r\n")
        if row["source"]:
            value = secret_files.read(row["source"])
            if not value:
                raise SecretError(
                    f"The file {row['source']} for the secret {row['name']} does not exist or is empty; correct the path or its content."
                )
        result.append(Request(row["name"], {reader: uids[reader] for reader in row["readers"]}, value, row["once"]))
    return result


def compare(secrets: t.Sequence[Request], directory: str, identity: secret_files.Identity) -> tuple[list[Copy], list[str]]:
    """Return all files to write and the names of the secrets whose number rises."""
    copies: list[Copy] = []
    changed: list[str] = []
    for secret in secrets:
        paths = {reader: os.path.join(directory, reader, secret.name) for reader in secret.readers}
        kept = {reader: secret_files.read(path) for reader, path in paths.items()}
        misplaced = [reader for reader, path in paths.items() if not secret_files.is_private(path, secret.readers[reader])]
        # One that an administrator brought along has no number yet.
        known = secret.name in identity.generations
        rows, different = plan(secret, kept, directory, known=known, misplaced=misplaced)
        copies += rows
        changed += [secret.name] if different or not known or secret.name in identity.pending else []
    return copies, changed
