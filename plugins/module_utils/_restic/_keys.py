# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The keys of a repository: which there are, which there should be, and the way from one to the other without losing access."""

from __future__ import annotations

import dataclasses
import typing as t

from .._tool.errors import ToolError, after_change
from ._errors import ResticError
from .client import PASSWORDS, Restic

OTHER = "present with another password"
# Returns a client that opens the repository with the password of a desired key.
OpenWith = t.Callable[[t.Mapping[str, t.Any]], Restic]


@dataclasses.dataclass(frozen=True)
class Key:
    """One key of the repository. current: the one that the given password opened."""

    id: str
    user: str
    host: str
    current: bool

    @property
    def label(self) -> str:
        """Return whose key it is."""
        return f"{self.user}@{self.host}"


@dataclasses.dataclass(frozen=True)
class DesiredKey:
    """One key as it should be. rotate: also with this password. secret are the options that open the repository with its password."""

    user: str
    host: str
    present: bool
    rotate: bool
    secret: t.Mapping[str, t.Any]

    @property
    def label(self) -> str:
        """Return whose key it is."""
        return f"{self.user}@{self.host}"


@dataclasses.dataclass(frozen=True)
class KeyPlan:
    """What one desired key needs: whether a key is added, and which are removed afterwards."""

    desired: DesiredKey
    before: str
    after: str
    add: bool = False
    remove: tuple[Key, ...] = ()


def read_desired(rows: t.Sequence[t.Mapping[str, t.Any]]) -> list[DesiredKey]:
    """Read the option keys."""
    secrets = [{name: row.get(name) for name in PASSWORDS} for row in rows]
    desired = [DesiredKey(row["user"], row["host"], row["state"] == "present", row["rotate"], secret) for row, secret in zip(rows, secrets)]
    labels = [key.label for key in desired]
    spaced = [key.label for key in desired if (key.secret["password"] or "").strip() != (key.secret["password"] or "")]
    double = sorted({label for label in labels if labels.count(label) > 1})
    if double or spaced:
        what = "is there more than once" if double else "has a password that begins or ends with white space, which restic drops"
        msg = f"The key of {', '.join(double or spaced)} {what}. Correct the option keys."
        raise ToolError(msg, error="invalid")
    return desired


def parse_keys(rows: t.Iterable[t.Mapping[str, t.Any]]) -> list[Key]:
    """Read the output of "restic key list --json"."""
    found = (Key(str(row["id"]), str(row["userName"]), str(row["hostName"]), bool(row["current"])) for row in rows)
    return sorted(found, key=lambda key: (key.label, key.id))


def plan_key(desired: DesiredKey, keys: t.Sequence[Key], opened: t.Optional[Key]) -> KeyPlan:
    """Return what a desired key needs. opened is the key that its password opens, as far as it was tried."""
    own = [key for key in keys if key.label == desired.label]
    current = [key for key in own if key.current]
    if not desired.present:
        if current:
            what = f"The key of {desired.label} is the one that this task opened the repository with"
            msg = f"{what}, so it is not removed. Use another password."
            raise ResticError(msg, error="current_key")
        return KeyPlan(desired, "present" if own else "absent", "absent", remove=tuple(own))
    if not own:
        _refuse_double(desired, opened)
        return KeyPlan(desired, "absent", "present", add=True)
    if not desired.rotate:
        return KeyPlan(desired, "present", "present")
    _refuse_double(desired, opened)
    others = tuple(key for key in own if not key.current and (opened is None or key.id != opened.id))
    complete = opened is not None and not others
    return KeyPlan(desired, "present" if complete else OTHER, "present", add=opened is None, remove=others)


def _refuse_double(desired: DesiredKey, opened: t.Optional[Key]) -> None:
    """Two keys with one password cannot be told apart by opening the repository."""
    if opened and opened.label != desired.label:
        msg = f"The password for the key of {desired.label} is already that of the key of {opened.label}. Give each key its own password."
        raise ResticError(msg, error="double_password")


def read_keys(restic: Restic) -> list[Key]:
    """Return the keys of the repository."""
    return parse_keys(restic.call_json("key", "list", "--no-lock"))


def plan_keys(desired: t.Sequence[DesiredKey], keys: t.Sequence[Key], open_with: OpenWith) -> list[KeyPlan]:
    """Return what the desired keys need."""
    return [plan_key(one, keys, _opened(one, keys, open_with)) for one in desired]


def _opened(desired: DesiredKey, keys: t.Sequence[Key], open_with: OpenWith) -> t.Optional[Key]:
    """Return the key that the password of a desired one opens, None where that does not matter."""
    there = any(key.label == desired.label for key in keys)
    # Without keys there is no repository yet.
    if not keys or not desired.present or (there and not desired.rotate):
        return None
    try:
        return next((key for key in read_keys(open_with(desired.secret)) if key.current), None)
    except ResticError as error:
        if error.error == "wrong_password":
            return None
        raise


def apply_key(restic: Restic, plan: KeyPlan, write_secret: t.Callable[[str], str]) -> None:
    """Add and remove what a plan needs. write_secret puts a password into a private file and returns its path."""
    done: list[str] = []
    with after_change(done):
        if plan.add:
            path = plan.desired.secret.get("password_file") or write_secret(str(plan.desired.secret["password"]))
            restic.call("key", "add", f"--new-password-file={path}", f"--user={plan.desired.user}", f"--host={plan.desired.host}")
            done.append("add")
        for key in plan.remove:
            restic.call("key", "remove", key.id)
            done.append(key.id)
