# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The repository itself: creating it once, making sure that it is the right one, its keys and its locks."""

from __future__ import annotations

import dataclasses
import typing as t

from .._tool import times
from .._tool.errors import after_change
from . import client
from ._errors import ResticError
from ._keys import apply_key, plan_keys, read_desired, read_keys
from ._locks import unlock

SOURCE: dict[str, t.Any] = {
    "repository": {"type": "str", "required": True},
    **{name: client.ARGUMENTS[name] for name in client.PASSWORDS},
}
KEY: dict[str, t.Any] = {
    "user": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "password": {"type": "str", "no_log": True},
    "password_file": {"type": "path", "no_log": False},
    "rotate": {"type": "bool", "default": True},
}
ARGUMENTS: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "unlocked"], "default": "present"},
    "expected_id": {"type": "str"},
    "version": {"type": "int", "choices": [1, 2]},
    "copy_chunker_from": {"type": "dict", "options": SOURCE, **client.RULES},
    "keys": {
        "type": "list",
        "elements": "dict",
        "options": KEY,
        "no_log": False,
        "mutually_exclusive": [("password", "password_file")],
        "required_if": [("state", "present", ("password", "password_file"), True)],
    },
    "force": {"type": "bool", "default": False},
}
WriteSecret = t.Callable[[str], str]


def run(open_restic: client.Open, params: t.Mapping[str, t.Any], *, check_mode: bool, write_secret: WriteSecret) -> dict[str, t.Any]:
    """Reach the state and return the result. write_secret puts a password into a private file and returns its path."""
    if params["state"] == "unlocked":
        return ensure_unlocked(open_restic(), force=params["force"], check_mode=check_mode)
    return ensure_present(open_restic, params, check_mode=check_mode, write_secret=write_secret)


def ensure_present(
    open_restic: client.Open, params: t.Mapping[str, t.Any], *, check_mode: bool, write_secret: WriteSecret
) -> dict[str, t.Any]:
    """Create the repository if there is none, enforce the keys, and return the result."""
    desired, source = read_desired(params["keys"] or []), params["copy_chunker_from"]
    restic = open_restic()
    config = read_config(restic)
    exists = bool(config)
    if config:
        check_config(restic, config, params["expected_id"], params["version"])
    elif params["expected_id"]:
        raise _missing(restic)
    elif not check_mode:
        config = create(open_restic(source=source), params["version"], copy_chunker=bool(source))
    done = [] if exists or check_mode else ["repository"]
    with after_change(done):
        present = read_keys(restic) if config and params["keys"] is not None else []
        plans = plan_keys(desired, present, lambda secret: open_restic(override=secret))
        pending = [plan for plan in plans if plan.add or plan.remove]
        for plan in [] if check_mode else pending:
            apply_key(restic, plan, write_secret)
            done.append(plan.desired.label)
        if pending and not check_mode:
            present = read_keys(restic)
    before = {"exists": exists, **{plan.desired.label: plan.before for plan in plans}}
    after = {"exists": True, **{plan.desired.label: plan.after for plan in plans}}
    result = {"changed": before != after, "diff": {"before": before, "after": after}, **(config or {})}
    return result if params["keys"] is None else {**result, "repository_keys": [dataclasses.asdict(key) for key in present]}


def ensure_unlocked(restic: client.Restic, *, force: bool, check_mode: bool) -> dict[str, t.Any]:
    """Remove locks and return the result."""
    before, after = unlock(restic, force=force, check_mode=check_mode, now=times.now())
    return {
        "changed": len(after) < len(before),
        "diff": {"before": {"locks": [str(lock) for lock in before]}, "after": {"locks": [str(lock) for lock in after]}},
        "locks": [lock.row() for lock in after],
    }


def read_config(restic: client.Restic) -> t.Optional[dict[str, t.Any]]:
    """Return id and version of the repository; None only when restic reports that it does not exist."""
    try:
        config = restic.call_json("cat", "config", "--no-lock")
    except ResticError as error:
        if error.error == "no_repository":
            return None
        raise
    return {"id": str(config["id"]), "version": int(config["version"])}


def check_config(restic: client.Restic, config: t.Mapping[str, t.Any], expected_id: t.Optional[str], version: t.Optional[int]) -> None:
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


def _missing(restic: client.Restic) -> ResticError:
    """Return the error for a certain repository that is not there: a new one would not be that one."""
    msg = (
        f"There is no repository at {restic.repository}. With expected_id none is created: "
        "check that the place is the right one and that its file system is mounted."
    )
    return ResticError(msg, error="no_repository")


def init_arguments(version: t.Optional[int], *, copy_chunker: bool) -> list[str]:
    """Return the arguments that create a repository."""
    return ["init", *([f"--repository-version={version}"] if version else []), *(["--copy-chunker-params"] if copy_chunker else [])]


def create(restic: client.Restic, version: t.Optional[int], *, copy_chunker: bool) -> dict[str, t.Any]:
    """Create the repository and return its config. One that another host created meanwhile is as good."""
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
