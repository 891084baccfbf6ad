# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A repository's config, keys and locks: what a desired key needs, and which lock is stale."""

from __future__ import annotations

import datetime
import json
import os
import socket
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic import _keys, _locks, repository
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic._keys import DesiredKey, Key, plan_key
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
CURRENT = Key("1", "root", "web1", True)
OTHER = Key("2", "root", "web1", False)
OPS = Key("3", "ops", "vault", False)
OLD_OPS = Key("4", "ops", "vault", False)
KEYS = [OPS, CURRENT, OTHER]


def key(user: str = "ops", host: str = "vault", *, present: bool = True, rotate: bool = True) -> DesiredKey:
    """What the option keys asks for."""
    return DesiredKey(user, host, present, rotate, {"password": "new"})


def client(answers: dict[str, Result]) -> tuple[Restic, list[str]]:
    """A client that answers by the words of a command, and the commands it got."""
    commands: list[str] = []

    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        words = " ".join(word for word in command[1:] if word not in ("--json", "--no-lock"))
        if words == "version":
            return Result(0, "restic 0.18.1 compiled with go", "")
        commands.append(words)
        return answers[words]

    return Restic(run, repository="/srv/backup"), commands


@pytest.mark.parametrize(
    ("desired", "keys", "opened", "states", "add", "remove"),
    [
        (key("new"), KEYS, None, ("absent", "present"), True, []),
        (key(), KEYS, OPS, ("present", "present"), False, []),
        (key(), KEYS, None, (_keys.OTHER, "present"), True, [OPS]),
        (key(), [*KEYS, OLD_OPS], OPS, (_keys.OTHER, "present"), False, [OLD_OPS]),
        (key(rotate=False), KEYS, None, ("present", "present"), False, []),
        (key(present=False), [*KEYS, OLD_OPS], None, ("present", "absent"), False, [OPS, OLD_OPS]),
        (key("new", present=False), KEYS, None, ("absent", "absent"), False, []),
        # The current key's own identity: it stays until another password opens the repository.
        (key("root", "web1"), [CURRENT], None, (_keys.OTHER, "present"), True, []),
        (key("root", "web1"), KEYS, CURRENT, (_keys.OTHER, "present"), False, [OTHER]),
        (key("root", "web1"), [CURRENT], CURRENT, ("present", "present"), False, []),
    ],
)
def test_a_desired_key_adds_first_and_removes_what_is_left_over(
    desired: DesiredKey, keys: list[Key], opened: t.Optional[Key], states: tuple[str, str], add: bool, remove: list[Key]
) -> None:
    plan = plan_key(desired, keys, opened)
    assert ((plan.before, plan.after), plan.add, list(plan.remove)) == (states, add, remove)


@pytest.mark.parametrize(
    ("desired", "opened", "error"),
    [
        (key("root", "web1", present=False), None, "current_key"),
        (key("new"), CURRENT, "double_password"),
        (key(), CURRENT, "double_password"),
    ],
)
def test_a_desired_key_that_would_lose_or_confuse_access_is_refused(desired: DesiredKey, opened: t.Optional[Key], error: str) -> None:
    with pytest.raises(ResticError) as caught:
        plan_key(desired, KEYS, opened)
    assert caught.value.error == error


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x "), ("b", "y")], "The key of a@h has a password that begins or ends with white space"),
        ([("a", "x"), ("a", "y")], "The key of a@h is there more than once"),
    ],
)
def test_keys_that_cannot_be_made_are_refused(rows: list[tuple[str, str]], message: str) -> None:
    given = [{"user": user, "host": "h", "state": "present", "rotate": True, "password": password} for user, password in rows]
    with pytest.raises(ToolError, match=message):
        _keys.read_desired(given)


def test_a_password_that_does_not_open_is_no_key_and_other_failures_are_failures() -> None:
    wrong, _ = client({"key list": Result(12, "", "")})
    assert [plan.add for plan in _keys.plan_keys([key("new")], KEYS, lambda _: wrong)] == [True]
    away, _ = client({"key list": Result(1, "", "dial tcp: connection refused")})
    with pytest.raises(ResticError, match="could not be reached"):
        _keys.plan_keys([key("new")], KEYS, lambda _: away)


def test_no_password_is_tried_where_it_does_not_matter() -> None:
    def never(_: t.Mapping[str, t.Any]) -> Restic:
        raise AssertionError("a start of restic for nothing")

    _keys.plan_keys([key(rotate=False), key("gone", present=False)], KEYS, never)
    _keys.plan_keys([key("new")], [], never)


def test_a_new_key_is_added_from_a_file_before_the_old_one_goes() -> None:
    written: list[str] = []

    def write(secret: str) -> str:
        written.append(secret)
        return "/run/secret"

    add = "key add --new-password-file=/run/secret --user=ops --host=vault"
    restic, commands = client({add: Result(0, "", ""), "key remove 3": Result(0, "", "")})
    _keys.apply_key(restic, plan_key(key(), KEYS, None), write)
    assert (commands, written) == ([add, "key remove 3"], ["new"])


@pytest.mark.parametrize(
    ("added", "removed", "changed"), [(0, 0, True), (0, 1, True), (1, 0, False)], ids=["all but the last", "added", "nothing"]
)
def test_a_failure_between_two_keys_says_what_was_changed(added: int, removed: int, changed: bool) -> None:
    answers = {
        "key add --new-password-file=/run/secret --user=ops --host=vault": Result(added, "", ""),
        "key remove 3": Result(removed, "", ""),
        "key remove 4": Result(1, "", "lost"),
    }
    with pytest.raises(ResticError) as caught:
        _keys.apply_key(client(answers)[0], plan_key(key(), [*KEYS, OLD_OPS], None), lambda _: "/run/secret")
    assert caught.value.details.get("changed", False) is changed


@pytest.mark.parametrize(
    ("row", "stale"),
    [
        ({"time": "2026-11-21T11:59:00Z", "hostname": "elsewhere", "pid": 1}, False),
        ({"time": "2026-11-21T11:29:00Z", "hostname": "elsewhere", "pid": 1}, True),
        ({"time": "2026-11-21T11:59:00Z", "hostname": socket.gethostname(), "pid": os.getpid()}, False),
        # No process has this number: it is above every limit of the kernel.
        ({"time": "2026-11-21T11:59:00Z", "hostname": socket.gethostname(), "pid": 2**22 + 1}, True),
    ],
)
def test_a_lock_is_stale_when_it_is_old_or_its_process_is_gone(row: dict[str, t.Any], stale: bool) -> None:
    lock = _locks.parse_lock("abc", {"username": "root", "exclusive": True, **row}, NOW)
    assert (lock.stale, str(lock).endswith(", stale"), "exclusive" in str(lock)) == (stale, stale, True)


def test_only_stale_locks_are_removed_and_none_without_need() -> None:
    fresh = {"time": "2026-11-21T11:59:00Z", "hostname": "elsewhere", "username": "root", "pid": 1, "exclusive": False}
    old = {**fresh, "time": "2026-11-21T10:00:00Z"}
    answers = {"list locks": Result(0, "a\nb\n", ""), "unlock": Result(0, "", ""), "unlock --remove-all": Result(0, "", "")}

    def unlock(rows: tuple[t.Any, t.Any], **options: bool) -> tuple[list[str], int]:
        locks = {f"cat lock {name}": Result(0, json.dumps(row), "") for name, row in zip("ab", rows)}
        restic, commands = client({**answers, **locks})
        _, after = _locks.unlock(restic, now=NOW, **{"force": False, "check_mode": False, **options})
        return [words for words in commands if words.startswith("unlock")], len(after)

    assert unlock((fresh, fresh)) == ([], 2)
    assert unlock((fresh, old)) == (["unlock"], 2)
    assert unlock((fresh, old), check_mode=True) == ([], 1)
    assert unlock((fresh, fresh), force=True)[0] == ["unlock --remove-all"]
    assert unlock((fresh, fresh), force=True, check_mode=True) == ([], 0)


def test_a_lock_that_is_released_meanwhile_is_none() -> None:
    restic, _ = client({"list locks": Result(0, "a", ""), "cat lock a": Result(1, "", "no matching ID found")})
    assert _locks.read_locks(restic, NOW) == []


def test_a_repository_is_only_missing_when_restic_says_so() -> None:
    config = {"id": "abc", "version": 2, "chunker_polynomial": "1"}
    assert repository.read_config(client({"cat config": Result(0, json.dumps(config), "")})[0]) == {"id": "abc", "version": 2}
    assert repository.read_config(client({"cat config": Result(10, "", "")})[0]) is None
    for rc in (1, 11, 12, 42):
        with pytest.raises(ResticError):
            repository.read_config(client({"cat config": Result(rc, "", "")})[0])


def test_creating_what_another_host_created_meanwhile_is_no_error() -> None:
    found = Result(0, '{"id": "abc", "version": 2}', "")
    lost = Result(1, "", "Fatal: create repository at /srv/backup failed: config file already exists")
    restic, _ = client({"init": lost, "cat config": found})
    assert repository.create(restic, None, copy_chunker=False)["id"] == "abc"
    broken, _ = client({"init": Result(1, "", "no space left on device"), "cat config": found})
    with pytest.raises(ResticError, match="a disk is full"):
        repository.create(broken, None, copy_chunker=False)
    lost_after = client({"init": Result(0, "", ""), "cat config": Result(1, "", "dial tcp: connection refused")})[0]
    with pytest.raises(ResticError, match="could not be reached") as caught:
        repository.create(lost_after, None, copy_chunker=False)
    assert caught.value.details["changed"]
    lying, _ = client({"init": Result(0, "", ""), "cat config": Result(10, "", "")})
    with pytest.raises(ResticError, match="reported success, but there is no repository"):
        repository.create(lying, None, copy_chunker=False)


@pytest.mark.parametrize(
    ("version", "copy", "words"),
    [(None, False, ["init"]), (1, False, ["init", "--repository-version=1"]), (None, True, ["init", "--copy-chunker-params"])],
)
def test_init_has_the_asked_format(version: t.Optional[int], copy: bool, words: list[str]) -> None:
    assert repository.init_arguments(version, copy_chunker=copy) == words


@pytest.mark.parametrize(
    ("expected", "version", "error"), [("abcd", 2, ""), ("abc", None, ""), ("bc", None, "id_mismatch"), (None, 1, "version_mismatch")]
)
def test_another_repository_is_refused(expected: t.Optional[str], version: t.Optional[int], error: str) -> None:
    restic, _ = client({})
    try:
        repository.check_config(restic, {"id": "abcd", "version": 2}, expected, version)
    except ResticError as caught:
        assert caught.error == error
    else:
        assert error == ""
