# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The keys of a repository: which there are, which there should be, and the way from one to the other without losing access."""

from __future__ import annotations

import dataclasses
import typing as t

from .._tool.errors import ToolError, after_change
from .client import PASSWORD_OPTIONS, Restic
from .errors import ResticError

OTHER = "present with another password"


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
class Wish:
    """One key as it should be. rotate: also with this password. secret is what override takes to open the repository with its password."""

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
    """What one wish needs: whether a key is added, and which are removed afterwards."""

    wish: Wish
    before: str
    after: str
    add: bool = False
    remove: tuple[Key, ...] = ()


def wishes_of(rows: t.Sequence[t.Mapping[str, t.Any]]) -> list[Wish]:
    """Read the option keys."""
    secrets = [{name: row.get(name) for name in PASSWORD_OPTIONS} for row in rows]
    wishes = [Wish(row["user"], row["host"], row["state"] == "present", row["rotate"], secret) for row, secret in zip(rows, secrets)]
    labels = [wish.label for wish in wishes]
    spaced = [wish.label for wish in wishes if (wish.secret["password"] or "").strip() != (wish.secret["password"] or "")]
    double = sorted({label for label in labels if labels.count(label) > 1})
    if double or spaced:
        spoken = "is there more than once" if double else "has a password that begins or ends with white space, which restic drops"
        msg = f"The key of {', '.join(double or spaced)} {spoken}. Correct the option keys."
        raise ToolError(msg, error="invalid")
    return wishes


def parse_keys(rows: t.Iterable[t.Mapping[str, t.Any]]) -> list[Key]:
    """Read the output of "restic key list --json"."""
    found = (Key(str(row["id"]), str(row["userName"]), str(row["hostName"]), bool(row["current"])) for row in rows)
    return sorted(found, key=lambda key: (key.label, key.id))


def plan_key(wish: Wish, keys: t.Sequence[Key], opened: t.Optional[Key]) -> KeyPlan:
    """Return what a wish needs. opened is the key that the password of the wish opens, as far as it was tried."""
    own = [key for key in keys if key.label == wish.label]
    current = [key for key in own if key.current]
    if not wish.present:
        if current:
            msg = (
                f"The key of {wish.label} is the one that this task opened the repository with, so it is not removed. Use another password."
            )
            raise ResticError(msg, error="current_key")
        return KeyPlan(wish, "present" if own else "absent", "absent", remove=tuple(own))
    if not own:
        _refuse_double(wish, opened)
        return KeyPlan(wish, "absent", "present", add=True)
    if not wish.rotate:
        return KeyPlan(wish, "present", "present")
    _refuse_double(wish, opened)
    others = tuple(key for key in own if not key.current and (opened is None or key.id != opened.id))
    settled = opened is not None and not others
    return KeyPlan(wish, "present" if settled else OTHER, "present", add=opened is None, remove=others)


def _refuse_double(wish: Wish, opened: t.Optional[Key]) -> None:
    """Two keys with one password cannot be told apart by opening the repository."""
    if opened and opened.label != wish.label:
        msg = f"The password for the key of {wish.label} is already that of the key of {opened.label}. Give each key its own password."
        raise ResticError(msg, error="double_password")


def read_keys(restic: Restic) -> list[Key]:
    """Return the keys of the repository."""
    return parse_keys(restic.call_json("key", "list", "--no-lock"))


def plan_keys(wishes: t.Sequence[Wish], keys: t.Sequence[Key], open_with: t.Callable[[t.Mapping[str, t.Any]], Restic]) -> list[KeyPlan]:
    """Return what the wishes need. open_with gives a client with the password of a wish."""
    return [plan_key(wish, keys, _opened(wish, keys, open_with)) for wish in wishes]


def _opened(wish: Wish, keys: t.Sequence[Key], open_with: t.Callable[[t.Mapping[str, t.Any]], Restic]) -> t.Optional[Key]:
    there = any(key.label == wish.label for key in keys)
    # Without keys there is no repository yet.
    if not keys or not wish.present or (there and not wish.rotate):
        return None
    try:
        return next((key for key in read_keys(open_with(wish.secret)) if key.current), None)
    except ResticError as error:
        if error.error == "wrong_password":
            return None
        raise


def apply_key(restic: Restic, plan: KeyPlan, write_secret: t.Callable[[str], str]) -> None:
    """Add and remove what a plan says. write_secret puts a password into a file that only we can read and returns its path."""
    done: list[str] = []
    with after_change(done):
        if plan.add:
            path = plan.wish.secret.get("password_file") or write_secret(str(plan.wish.secret["password"]))
            restic.call("key", "add", f"--new-password-file={path}", f"--user={plan.wish.user}", f"--host={plan.wish.host}")
            done.append("add")
        for key in plan.remove:
            restic.call("key", "remove", key.id)
            done.append(key.id)
