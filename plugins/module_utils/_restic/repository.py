# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The repository itself: whether it is there, whether it is the right one, and how it is created."""

from __future__ import annotations

import typing as t

from .._tool.errors import after_change
from .client import Restic
from .errors import ResticError


def read_config(restic: Restic) -> t.Optional[dict[str, t.Any]]:
    """Return id and version of the repository; None only when restic says that it does not exist."""
    try:
        config = restic.call_json("cat", "config", "--no-lock")
    except ResticError as error:
        if error.error == "no_repository":
            return None
        raise
    return {"id": str(config["id"]), "version": int(config["version"])}


def check_config(restic: Restic, config: t.Mapping[str, t.Any], expected_id: t.Optional[str], version: t.Optional[int]) -> None:
    """Refuse a repository that is not the expected one."""
    if expected_id and not config["id"].startswith(expected_id):
        msg = (
            f"The repository at {restic.repository} has the id {config['id']} and not {expected_id}, so it is another one. "
            "Check the option repository. Nothing was changed."
        )
        raise ResticError(msg, error="id_mismatch", id=config["id"])
    if version and config["version"] != version:
        msg = (
            f"The repository at {restic.repository} has format {config['version']} and not {version}. "
            "Run 'restic migrate upgrade_repo_v2' by hand to go from 1 to 2; there is no way back. Nothing was changed."
        )
        raise ResticError(msg, error="version_mismatch", version=config["version"])


def may_create(restic: Restic, expected_id: t.Optional[str]) -> None:
    """Refuse to create a repository where a certain one is expected."""
    if expected_id:
        msg = (
            f"There is no repository at {restic.repository}. With expected_id none is created: "
            "check that the place is the right one and that its file system is mounted."
        )
        raise ResticError(msg, error="no_repository")


def init_arguments(version: t.Optional[int], *, copy_chunker: bool) -> list[str]:
    """Return the arguments that create a repository."""
    return ["init", *([f"--repository-version={version}"] if version else []), *(["--copy-chunker-params"] if copy_chunker else [])]


def create(restic: Restic, version: t.Optional[int], *, copy_chunker: bool) -> dict[str, t.Any]:
    """Create the repository and return its config. One that somebody else created meanwhile is as good."""
    created = []
    try:
        restic.call(*init_arguments(version, copy_chunker=copy_chunker))
        created.append(restic.repository)
    except ResticError as error:
        if "config file already exists" not in error.details.get("stderr", ""):
            raise
    with after_change(created):
        config = read_config(restic)
    if config is None:
        msg = f"restic init for {restic.repository} reported success, but there is no repository."
        raise ResticError(msg, error="failed")
    return config
