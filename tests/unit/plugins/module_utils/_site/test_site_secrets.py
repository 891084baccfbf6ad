# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Secrets are generated once, kept, copied to every reader, and never lost or shown."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import secrets as compose_secrets
from ansible_collections.campus.moodle.plugins.module_utils._site import secret_files as files
from ansible_collections.campus.moodle.plugins.module_utils._site.secret_values import KINDS, LENGTH, Request, SecretError, generate, plan

READERS = {"moodle": 10001, "services": 10002}


def test_generated_passwords_meet_moodles_policy() -> None:
    for _ in range(200):
        password = generate()
        assert len(password) == LENGTH
        assert password[0].isalpha()
        assert all(any(character in kind for character in password) for kind in KINDS)


def test_a_new_secret_is_written_for_each_reader() -> None:
    copies, changed = plan(Request("salt", READERS), {"moodle": None, "services": None}, "/s", known=False)
    assert changed
    assert [(copy.path, copy.uid) for copy in copies] == [("/s/moodle/salt", 10001), ("/s/services/salt", 10002)]
    assert len({copy.content for copy in copies}) == 1


def test_a_kept_secret_is_left_alone() -> None:
    assert plan(Request("salt", READERS), {"moodle": "x", "services": "x"}, "/s", known=True) == ([], False)


def test_a_missing_copy_is_made_from_the_other() -> None:
    copies, changed = plan(Request("salt", READERS), {"moodle": None, "services": "x"}, "/s", known=True)
    assert ([(copy.path, copy.content) for copy in copies], changed) == ([("/s/moodle/salt", "x")], False)


def test_a_file_of_another_owner_is_handed_to_its_reader() -> None:
    copies, changed = plan(Request("salt", READERS), {"moodle": "x", "services": "x"}, "/s", known=False, misplaced=["moodle"])
    assert ([(copy.path, copy.uid, copy.content) for copy in copies], changed) == ([("/s/moodle/salt", 10001, "x")], False)


def test_a_given_value_replaces_the_file() -> None:
    copies, changed = plan(Request("salt", {"moodle": 1}, "new"), {"moodle": "old"}, "/s", known=True)
    assert ([copy.content for copy in copies], changed) == (["new"], True)


@pytest.mark.parametrize("value", ["", " ", "\n"])
@pytest.mark.parametrize("kept", [None, "old"])
def test_an_empty_given_value_is_refused_and_never_generated(value: str, kept: str | None) -> None:
    with pytest.raises(SecretError, match="given for the secret tls_certificate is empty"):
        plan(Request("tls_certificate", {"services": 1}, value), {"services": kept}, "/s", known=kept is not None)


# id, what is given, what the site has, whether it is known, what comes of it
ONCE: list[tuple[str, str | None, str | None, bool, str]] = [
    ("the first time", "new", None, False, "written"),
    ("brought along, not used yet", "new", "old", False, "written"),
    ("the same", "old", "old", True, "kept"),
    ("not given any more", None, "old", True, "kept"),
    ("another one", "new", "old", True, "refused"),
    ("another one after the file was removed", "new", None, True, "written"),
]


@pytest.mark.parametrize(("value", "kept", "known", "end"), [row[1:] for row in ONCE], ids=[row[0] for row in ONCE])
def test_a_value_that_counts_once(value: str | None, kept: str | None, known: bool, end: str) -> None:
    secret = Request("admin_password", {"moodle": 1}, value, once=True)
    if end == "refused":
        with pytest.raises(SecretError, match="moodle_user") as caught:
            plan(secret, {"moodle": kept}, "/s", known=known)
        assert "/s/moodle/admin_password" in str(caught.value)
        assert not {"new", "old"} & set(str(caught.value).split())
        return
    copies, _changed = plan(secret, {"moodle": kept}, "/s", known=known)
    assert bool(copies) == (end == "written")


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("  ", "is empty"), (None, "is lost")])
def test_empty_and_lost_secrets_are_refused(content: str | None, words: str) -> None:
    with pytest.raises(SecretError, match=words):
        plan(Request("salt", {"moodle": 1}), {"moodle": content}, "/s", known=True)


def test_values_are_not_in_representations() -> None:
    copies, _changed = plan(Request("salt", {"moodle": 1}, "CANARY"), {"moodle": None}, "/s", known=False)
    assert "CANARY" not in repr(copies) + repr(Request("salt", {"moodle": 1}, "CANARY"))


PARAMETERS: dict[str, t.Any] = {
    "readers": {"moodle": 10001, "services": 10002},
    "secrets": [
        {"name": "admin_password", "readers": ["moodle"], "value": None, "source": None, "once": True},
        {"name": "database_password", "readers": ["moodle", "services"], "value": None, "source": None, "once": False},
        {"name": "smtp_password", "readers": ["moodle"], "value": "first\n", "source": None, "once": False},
    ],
}


class DiskFull(OSError):
    """What the disk says at the n-th write."""


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return a site's directory, on which an ordinary user may hand out files."""
    monkeypatch.setattr(files.os, "chown", lambda *_arguments: None)
    monkeypatch.setattr(files, "is_private", lambda _path, _uid: True)
    return tmp_path / "site"


def run(site: pathlib.Path, smtp: str = "first\n", fail_at: int = 0) -> bool:
    """Do what the module does; the write number fail_at fails. Returns whether something was different."""
    rows = [{**row, "value": smtp if row["name"] == "smtp_password" else row["value"]} for row in PARAMETERS["secrets"]]
    identity = files.Identity(str(site))
    secrets = compose_secrets.requested({**PARAMETERS, "secrets": rows})
    copies, changed = compose_secrets.compare(secrets, str(site / files.DIRECTORY), identity)
    identity.site_id = identity.site_id or "8f14e45f"
    if copies or changed:
        count = iter(range(1, 1000))

        def write(path: str, content: str, **how: t.Any) -> None:
            if next(count) == fail_at:
                raise DiskFull(28, "No space left on device", path)
            real(path, content, **how)

        real, files.replace_file = files.replace_file, write
        try:
            files.keep(str(site), PARAMETERS["readers"], identity, copies, changed)
        finally:
            files.replace_file = real
    return bool(copies or changed)


def state(site: pathlib.Path) -> tuple[dict[str, str], dict[str, t.Any]]:
    """Return path to content of the secrets, and the identity."""
    secrets = {str(path.relative_to(site / "secrets")): path.read_text() for path in (site / "secrets").rglob("*") if path.is_file()}
    return secrets, json.loads((site / "site.json").read_text())


@pytest.mark.parametrize("fail_at", range(1, 7))
def test_a_first_run_that_was_cut_at_any_write_can_be_run_again(site: pathlib.Path, fail_at: int) -> None:
    with pytest.raises(DiskFull):
        run(site, fail_at=fail_at)
    assert run(site)
    secrets, identity = state(site)
    assert sorted(secrets) == ["moodle/admin_password", "moodle/database_password", "moodle/smtp_password", "services/database_password"]
    assert secrets["moodle/database_password"] == secrets["services/database_password"]
    assert identity == {"site_id": "8f14e45f", "generations": dict.fromkeys(["admin_password", "database_password", "smtp_password"], 1)}
    assert not run(site)
    assert state(site) == (secrets, identity)


@pytest.mark.parametrize("fail_at", range(1, 4))
def test_a_change_that_was_cut_at_any_write_still_reaches_its_readers(site: pathlib.Path, fail_at: int) -> None:
    run(site)
    with pytest.raises(DiskFull):
        run(site, smtp="second", fail_at=fail_at)
    assert run(site, smtp="second")
    secrets, identity = state(site)
    assert secrets["moodle/smtp_password"] == "second\n"
    assert identity["generations"] == {"admin_password": 1, "database_password": 1, "smtp_password": 2}
    assert not run(site, smtp="second")


def test_a_secret_that_was_brought_along_counts_from_then_on(site: pathlib.Path) -> None:
    (site / "secrets" / "moodle").mkdir(parents=True)
    (site / "secrets" / "moodle" / "admin_password").write_text("mine\n")
    run(site)
    assert state(site)[0]["moodle/admin_password"] == "mine\n"
    (site / "secrets" / "moodle" / "admin_password").unlink()
    with pytest.raises(SecretError, match="is lost"):
        run(site)


def test_a_failed_write_leaves_nothing_behind(site: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(site)
    before = state(site)

    def full(_handle: int) -> None:
        raise DiskFull(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(DiskFull):
        run(site, smtp="second")
    assert state(site) == before
    assert [path.name for path in site.rglob(".*")] == []
